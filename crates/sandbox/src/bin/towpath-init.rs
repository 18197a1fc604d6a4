//! The init program on its own. The `towpath` binary holds the same function.

fn main() -> std::process::ExitCode {
    towpath_sandbox::init::main()
}
