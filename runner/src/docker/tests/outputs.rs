use slipway_pipelines::plan::{Environment, Image, Pull, Step};

use super::{
    super::{Docker, build},
    adoption::in_a_process_that_dies,
    harness::{Bench, Log, bench, config, end, exited, import, rootfs_without, spec},
};
use crate::executor::{Executor, MOST_OUTPUT_BYTES};

fn with_outputs(mut step: Step) -> Step {
    step.outputs = vec!["A".into()];
    step
}

/// Runs the steps; gives exit codes checked to be 0, logs and outputs.
async fn run(bench: &Bench, steps: Vec<Step>) -> Vec<(String, Vec<u8>)> {
    let docker = &bench.docker;
    let grant = bench.grant(steps);
    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let mut all = Vec::new();
    for position in 0..grant.plan.steps.len() {
        let log = Log::default();
        let handle = docker.prepare(&job, position, log.sink()).await.unwrap();
        docker.release(&job, position, &Environment::new()).await.unwrap();
        let gated = grant.plan.steps[position].name != "plugin";
        let early = if gated {
            // The shell's word is enough.
            handle.said.clone().wait_for(Option::is_some).await.unwrap();
            Some(docker.outputs(&job, position).await.unwrap())
        } else {
            None
        };
        assert_eq!(end(&handle).await, exited(0), "{}", log.text());
        let outputs = docker.outputs(&job, position).await.unwrap();
        assert!(early.is_none_or(|early| early == outputs));
        all.push((log.text(), outputs));
    }
    docker.close(&job).await;
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_writes_to_its_file_is_handed_over() {
    let Some(bench) = bench(0).await else { return };
    let mut user = with_outputs(bench.commands("user", &["printf 'A=1\\nB=two words\\n\\\\n $x' >> $SLIPWAY_OUTPUT"]));
    spec(&mut user).access.user = Some("1000".into());
    let much = "head -c 70000 /dev/zero | tr '\\0' x > $SLIPWAY_OUTPUT";
    let many = "seq 1 20000 > $SLIPWAY_OUTPUT";
    let all = run(
        &bench,
        vec![
            user,
            with_outputs(bench.entrypoint("plugin", &["/bin/sh", "-c", "echo A=plugin >> $SLIPWAY_OUTPUT"])),
            with_outputs(bench.commands("much", &[much])),
            with_outputs(bench.commands("many", &[many])),
            with_outputs(bench.commands("nothing", &["true"])),
            with_outputs(bench.commands("gone", &["rm -f $SLIPWAY_OUTPUT; mkdir $SLIPWAY_OUTPUT"])),
            bench.commands("undeclared", &["echo \"[$SLIPWAY_OUTPUT]\"; ls /tmp"]),
            with_outputs(bench.entrypoint("plugin", &["/bin/true"])),
        ],
    )
    .await;
    assert_eq!(String::from_utf8_lossy(&all[0].1), "A=1\nB=two words\n\\n $x\n");
    assert_eq!(all[0].0.lines().count(), 1, "nothing of it is in the log: {}", all[0].0);
    assert_eq!(all[1].1, b"A=plugin\n");
    for long in [&all[2].1, &all[3].1] {
        assert_eq!(long.len(), MOST_OUTPUT_BYTES + 1);
    }
    let numbers: String = (1..=20_000).map(|number| format!("{number}\n")).collect();
    assert!(numbers.as_bytes().starts_with(&all[3].1));
    assert_eq!(all[3].0, format!("+ {many}\n"));
    for none in [4, 5, 7] {
        assert_eq!(all[none].1, b"", "{none}");
    }
    assert!(all[6].0.ends_with("\n[]\n"), "{}", all[6].0);
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_without_tmp_get_one_or_it_is_said() {
    let Some(bench) = bench(0).await else { return };
    let token = bench.image.replace("slipway-test:", "no-tmp-");
    let files = rootfs_without(&["tmp"]).unwrap();
    let image = import(bench.docker.engine(), &token, files, &["ENV PATH=/bin"]).await;
    let write = "echo A=1 >> $SLIPWAY_OUTPUT || echo lost";
    let mut steps = vec![
        bench.commands("root", &[write]),
        bench.commands("user", &[write]),
        bench.entrypoint("plugin", &["/bin/sh", "-c", write]),
    ];
    for step in &mut steps {
        spec(step).image = Image::Registry { reference: image.clone(), pull: Pull::Missing };
        step.outputs = vec!["A".into()];
    }
    spec(&mut steps[1]).access.user = Some("1000".into());
    let all = run(&bench, steps).await;
    assert_eq!((all[0].1.as_slice(), all[2].1.as_slice()), (&b"A=1\n"[..], &b"A=1\n"[..]));
    assert_eq!(all[1].1, b"");
    assert!(all[1].0.starts_with("slipway: cannot write /tmp/slipway-output"), "{}", all[1].0);
    build::remove(bench.docker.engine(), &image).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_runner_still_finds_the_outputs() {
    let Some(bench) = bench(0).await else { return };
    let grant = bench.grant(vec![
        with_outputs(bench.commands("shell", &["echo A=shell > $SLIPWAY_OUTPUT; echo said"])),
        with_outputs(bench.entrypoint("plugin", &["/bin/sh", "-c", "echo A=plugin > $SLIPWAY_OUTPUT"])),
    ]);
    let (config, its) = (config(&bench.instance, &bench.data, 0), grant.clone());
    in_a_process_that_dies(async move {
        let docker = Docker::connect(config).await.unwrap();
        let job = docker.open(&its).await.unwrap();
        docker.empty_workspace(&job).await.unwrap();
        for position in 0..2 {
            let handle = docker.prepare(&job, position, Log::default().sink()).await.unwrap();
            docker.release(&job, position, &Environment::new()).await.unwrap();
            end(&handle).await;
        }
    });
    let log = Log::default();
    let sink = log.clone();
    let adopted = bench.docker.adopt(&grant, &move |_| sink.sink()).await.unwrap();
    for (position, wanted) in [(0, &b"A=shell\n"[..]), (1, b"A=plugin\n")] {
        assert_eq!(end(&adopted.released[&position]).await, exited(0));
        assert_eq!(bench.docker.outputs(&adopted.job, position).await.unwrap(), wanted);
    }
    assert_eq!(log.text(), "+ echo A=shell > $SLIPWAY_OUTPUT; echo said\nsaid\n");
    bench.docker.close(&adopted.job).await;
    bench.finish().await;
}
