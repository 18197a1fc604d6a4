use crate::support::{host, host_root, run};
use towpath_sandbox::Sandbox;

#[tokio::test]
async fn smoke() {
    let t = std::time::Instant::now();
    let host = host().await;
    println!("detect {:?} {:?}", t.elapsed(), host);
    for _ in 0..3 {
        let t = std::time::Instant::now();
        let sandbox = Sandbox::start(&host, host_root("/root")).await.unwrap();
        let started = t.elapsed();
        println!("notes {:?}", sandbox.notes());
        let (output, exit) = run(&sandbox, "id; pwd; env; ls /; ls -la /proc/self/fd/; cat /proc/self/status | grep -E 'Cap|NoNew|Seccomp'; mount | cut -c1-200; ls -la ~ /root; ps ax; mkdir -p /go/src && echo ok; ls -la /dev").await;
        println!(
            "started {started:?} total {:?} {output} {exit}",
            t.elapsed()
        );
        sandbox.stop().await.unwrap();
    }
}
