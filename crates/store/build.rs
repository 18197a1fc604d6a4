fn main() {
    // `sqlx::migrate!` reads the folder when it expands, which cargo cannot see.
    println!("cargo:rerun-if-changed=migrations");
}
