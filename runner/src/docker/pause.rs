//! The image of a sandbox: one program of some ten instructions that waits for ever, and one that [knocks](knock). It is
//! made here, so no registry is asked for it.

use std::time::Duration;

use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;

use super::{
    engine::{Engine, EngineError, QUICK, within},
    knock,
};
use crate::executor::Failed;

/// Name of the image.
pub(super) const IMAGE: &str = "slipway/sandbox:2";
/// The program in it.
pub(super) const PROGRAM: &str = "/pause";
/// The program that waits for a port.
pub(super) const KNOCK: &str = "/knock";

/// `for (;;) pause();`
const X86_64: [u8; 9] = [
    0xb8, 0x22, 0x00, 0x00, 0x00, // mov eax, 34 (pause)
    0x0f, 0x05, // syscall
    0xeb, 0xf7, // jmp to the start
];

/// `for (;;) ppoll(0, 0, 0, 0, 0);` since there is no `pause` there.
const AARCH64: [u32; 8] = [
    0xd280_0000, // mov x0, 0
    0xd280_0001, // mov x1, 0
    0xd280_0002, // mov x2, 0
    0xd280_0003, // mov x3, 0
    0xd280_0004, // mov x4, 0
    0xd280_0928, // mov x8, 73 (ppoll)
    0xd400_0001, // svc 0
    0x17ff_fff9, // b to the start
];

/// The code of the program that waits, or `None` for an architecture that we have none for.
fn code(architecture: &str) -> Option<Vec<u8>> {
    match architecture {
        "amd64" | "x86_64" => Some(X86_64.to_vec()),
        "arm64" | "aarch64" => Some(AARCH64.iter().flat_map(|word| word.to_le_bytes()).collect()),
        _ => None,
    }
}

/// A static ELF executable of one segment.
pub(super) fn executable(architecture: &str, code: &[u8]) -> Option<Vec<u8>> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let machine: u16 = match architecture {
        "amd64" | "x86_64" => 62,
        "arm64" | "aarch64" => 183,
        _ => return None,
    };
    let size = HEADERS + code.len() as u64;
    let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    elf.extend(2u16.to_le_bytes()); // executable
    elf.extend(machine.to_le_bytes());
    elf.extend(1u32.to_le_bytes());
    elf.extend((BASE + HEADERS).to_le_bytes()); // entry
    elf.extend(64u64.to_le_bytes()); // program headers
    elf.extend(0u64.to_le_bytes()); // no section headers
    elf.extend(0u32.to_le_bytes());
    for half in [64u16, 56, 1, 64, 0, 0] {
        elf.extend(half.to_le_bytes());
    }
    elf.extend(1u32.to_le_bytes()); // load
    elf.extend(5u32.to_le_bytes()); // read, execute
    for word in [0, BASE, BASE, size, size, 0x1_0000] {
        elf.extend(word.to_le_bytes());
    }
    elf.extend(code);
    Some(elf)
}

/// The image's only layer; `None` for an architecture that we have no code for.
fn layer(architecture: &str) -> std::io::Result<Option<Vec<u8>>> {
    let mut layer = tar::Builder::new(Vec::new());
    for (path, code) in [(PROGRAM, code(architecture)), (KNOCK, knock::code(architecture))] {
        let Some(program) = code.and_then(|code| executable(architecture, &code)) else { return Ok(None) };
        let mut header = tar::Header::new_ustar();
        header.set_size(program.len() as u64);
        header.set_mode(0o755);
        layer.append_data(&mut header, path.trim_start_matches('/'), &program[..])?;
    }
    layer.into_inner().map(Some)
}

/// Makes sure that the engine has the image.
pub(super) async fn ensure(engine: &Engine) -> Result<(), Failed> {
    match within(QUICK, engine.api.inspect_image(IMAGE)).await {
        Ok(_) => return Ok(()),
        Err(error) if error.is_missing() => {}
        Err(error) => return Err(error.failed("can't look for the sandbox image")),
    }
    let layer = layer(&engine.architecture)
        .map_err(|error| Failed::infra(format!("can't make the sandbox image: {error}")))?
        .ok_or_else(|| Failed::infra(format!("no sandbox for engines on {}", engine.architecture)))?;
    let options = CreateImageOptionsBuilder::new().from_src("-").repo("slipway/sandbox").tag("2").build();
    let import = engine.api.create_image(Some(options), Some(bollard::body_full(layer.into())), None);
    match tokio::time::timeout(Duration::from_secs(60), import.try_collect::<Vec<_>>()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(EngineError::from(error).failed("can't import the sandbox image")),
        Err(_) => Err(Failed::infra("can't import the sandbox image: the engine takes too long")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_as_long_as_its_header_says() {
        for architecture in ["amd64", "arm64"] {
            for code in [code(architecture), knock::code(architecture)] {
                let elf = executable(architecture, &code.unwrap()).unwrap();
                let size = u64::from_le_bytes(elf[96..104].try_into().unwrap());
                assert_eq!(size, elf.len() as u64, "{architecture}");
            }
        }
        assert_eq!(layer("pdp11").unwrap(), None);
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[test]
    fn the_program_waits() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("pause");
        std::fs::write(&path, executable("amd64", &X86_64).unwrap()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut child = std::process::Command::new(&path).spawn().unwrap();
        let wchan = format!("/proc/{}/syscall", child.id());
        let waits = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(5));
            std::fs::read_to_string(&wchan).is_ok_and(|line| line.starts_with("34 "))
        });
        let running = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(waits && running);
    }
}
