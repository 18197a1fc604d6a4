//! The project's chores: `cargo xtask <chore>`.

mod bench;
mod ci;
mod fuzz;
mod kill;
mod measure;
mod process;
mod random;
mod schema;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "The project's chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// All that must hold: tests, lints, format, licences, fuzzing, the demo.
    Ci(ci::Options),
    /// Measures, beside a peer where there is one, and prints the figures.
    Bench(bench::Options),
    /// Kills a server at random points and checks what is left.
    Kill(kill::Options),
    /// Runs one command and prints its time and peak memory; what `bench` does with every program.
    #[command(hide = true)]
    Measure(measure::Options),
    /// Runs the fuzz targets.
    Fuzz(fuzz::Options),
    /// Builds random kustomizations beside upstream's program, whose judge has to be on the `PATH`.
    Random(random::Options),
    /// Writes the table of lists that strategic merge patches merge.
    Schema(schema::Options),
}

fn main() -> Result<()> {
    match Arguments::parse().chore {
        Chore::Ci(options) => ci::run(&options),
        Chore::Bench(options) => bench::run(&options),
        Chore::Kill(options) => kill::run(&options),
        Chore::Measure(options) => measure::run(&options),
        Chore::Fuzz(options) => fuzz::run(&options),
        Chore::Random(options) => random::run(&options),
        Chore::Schema(options) => schema::run(&options),
    }
}
