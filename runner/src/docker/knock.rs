//! A program for the sandbox that tries to connect to an address until somebody takes the call, five seconds at most. It
//! runs where the job's steps are, so what it reaches they reach, wherever the engine is and whatever the service's image
//! has. Its argument is the address as the kernel wants it, a letter from `a` to `p` for each half of a byte.

use std::net::SocketAddrV4;

/// The program's argument for an address.
pub(super) fn argument(address: SocketAddrV4) -> String {
    let mut bytes = vec![];
    // AF_INET in the byte order of both architectures that there is code for.
    bytes.extend(2u16.to_le_bytes());
    bytes.extend(address.port().to_be_bytes());
    bytes.extend(address.ip().octets());
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half)).collect()
}

/// Its code, or `None` for an architecture that we have none for.
pub(super) fn code(architecture: &str) -> Option<Vec<u8>> {
    match architecture {
        "amd64" | "x86_64" => Some(X86_64.to_vec()),
        "arm64" | "aarch64" => Some(AARCH64.iter().flat_map(|word| word.to_le_bytes()).collect()),
        _ => None,
    }
}

const X86_64: [u8; 138] = [
    0x48, 0x8b, 0x74, 0x24, 0x10, // mov rsi,QWORD PTR [rsp+0x10]
    0x6a, 0x00, // push 0x0
    0x6a, 0x00, // push 0x0
    0x48, 0x89, 0xe7, // mov rdi,rsp
    0xb9, 0x08, 0x00, 0x00, 0x00, // mov ecx,0x8
    0xac, // decode: lods al,BYTE PTR ds:[rsi]
    0x2c, 0x61, // sub al,0x61
    0xc0, 0xe0, 0x04, // shl al,0x4
    0x88, 0xc4, // mov ah,al
    0xac, // lods al,BYTE PTR ds:[rsi]
    0x2c, 0x61, // sub al,0x61
    0x08, 0xe0, // or al,ah
    0xaa, // stos BYTE PTR es:[rdi],al
    0xe2, 0xf0, // loop decode
    0x41, 0xbc, 0xfa, 0x00, 0x00, 0x00, // mov r12d,0xfa
    0xb8, 0x29, 0x00, 0x00, 0x00, // again: mov eax,0x29
    0xbf, 0x02, 0x00, 0x00, 0x00, // mov edi,0x2
    0xbe, 0x01, 0x00, 0x00, 0x00, // mov esi,0x1
    0x31, 0xd2, // xor edx,edx
    0x0f, 0x05, // syscall
    0x85, 0xc0, // test eax,eax
    0x78, 0x3c, // js fail
    0x89, 0xc3, // mov ebx,eax
    0xb8, 0x2a, 0x00, 0x00, 0x00, // mov eax,0x2a
    0x89, 0xdf, // mov edi,ebx
    0x48, 0x89, 0xe6, // mov rsi,rsp
    0xba, 0x10, 0x00, 0x00, 0x00, // mov edx,0x10
    0x0f, 0x05, // syscall
    0x85, 0xc0, // test eax,eax
    0x74, 0x2c, // je ok
    0xb8, 0x03, 0x00, 0x00, 0x00, // mov eax,0x3
    0x89, 0xdf, // mov edi,ebx
    0x0f, 0x05, // syscall
    0x68, 0x00, 0x2d, 0x31, 0x01, // push 0x1312d00
    0x6a, 0x00, // push 0x0
    0xb8, 0x23, 0x00, 0x00, 0x00, // mov eax,0x23
    0x48, 0x89, 0xe7, // mov rdi,rsp
    0x31, 0xf6, // xor esi,esi
    0x0f, 0x05, // syscall
    0x48, 0x83, 0xc4, 0x10, // add rsp,0x10
    0x41, 0xff, 0xcc, // dec r12d
    0x75, 0xad, // jne again
    0xbf, 0x01, 0x00, 0x00, 0x00, // fail: mov edi,0x1
    0xeb, 0x02, // jmp exit
    0x31, 0xff, // ok: xor edi,edi
    0xb8, 0x3c, 0x00, 0x00, 0x00, // exit: mov eax,0x3c
    0x0f, 0x05, // syscall
];

const AARCH64: [u32; 43] = [
    0xf940_0be1, // ldr x1, [sp, #16]
    0xd100_83ff, // sub sp, sp, #0x20
    0xa900_7fff, // stp xzr, xzr, [sp]
    0x9100_03e2, // mov x2, sp
    0xd280_0103, // mov x3, #0x8
    0x3840_1424, // decode: ldrb w4, [x1], #1
    0x5101_8484, // sub w4, w4, #0x61
    0x3840_1425, // ldrb w5, [x1], #1
    0x5101_84a5, // sub w5, w5, #0x61
    0x2a04_10a4, // orr w4, w5, w4, lsl #4
    0x3800_1444, // strb w4, [x2], #1
    0xf100_0463, // subs x3, x3, #0x1
    0x54ff_ff21, // b.ne decode
    0xd280_1f53, // mov x19, #0xfa
    0xd280_0040, // again: mov x0, #0x2
    0xd280_0021, // mov x1, #0x1
    0xd280_0002, // mov x2, #0x0
    0xd280_18c8, // mov x8, #0xc6
    0xd400_0001, // svc #0x0
    0xb7f8_0260, // tbnz x0, #63, fail
    0xaa00_03f4, // mov x20, x0
    0x9100_03e1, // mov x1, sp
    0xd280_0202, // mov x2, #0x10
    0xd280_1968, // mov x8, #0xcb
    0xd400_0001, // svc #0x0
    0xb400_01e0, // cbz x0, ok
    0xaa14_03e0, // mov x0, x20
    0xd280_0728, // mov x8, #0x39
    0xd400_0001, // svc #0x0
    0xd285_a004, // mov x4, #0x2d00
    0xf2a0_2624, // movk x4, #0x131, lsl #16
    0xa901_13ff, // stp xzr, x4, [sp, #16]
    0x9100_43e0, // add x0, sp, #0x10
    0xd280_0001, // mov x1, #0x0
    0xd280_0ca8, // mov x8, #0x65
    0xd400_0001, // svc #0x0
    0xf100_0673, // subs x19, x19, #0x1
    0x54ff_fd21, // b.ne again
    0xd280_0020, // fail: mov x0, #0x1
    0x1400_0002, // b exit
    0xd280_0000, // ok: mov x0, #0x0
    0xd280_0ba8, // exit: mov x8, #0x5d
    0xd400_0001, // svc #0x0
];

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use std::{
        net::{Ipv4Addr, TcpListener},
        os::unix::fs::PermissionsExt,
        process::Command,
    };

    use super::{super::pause, *};

    #[test]
    fn it_ends_well_once_somebody_listens_and_not_before() {
        let place = tempfile::tempdir().unwrap();
        for (architecture, emulator) in [("amd64", None), ("arm64", Some("qemu-aarch64-static"))] {
            let path = place.path().join(architecture);
            std::fs::write(&path, pause::executable(architecture, &code(architecture).unwrap()).unwrap()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            let mut command = Command::new(emulator.map_or(path.as_os_str(), std::ffi::OsStr::new));
            if let Some(emulator) = emulator {
                if Command::new(emulator).arg("--version").output().is_err() {
                    eprintln!("SKIPPED: no {emulator} here; install qemu-user-static");
                    continue;
                }
                command.arg(&path);
            }
            let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = probe.local_addr().unwrap().port();
            drop(probe);
            let mut child = command.arg(argument(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(100));
            assert!(child.try_wait().unwrap().is_none(), "nobody listens yet");
            let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
            assert!(child.wait().unwrap().success(), "{architecture}");
        }
    }
}
