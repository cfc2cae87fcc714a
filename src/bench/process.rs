//! What the operating system says about this process, where it says it: Linux.

use std::fs;

/// The most memory that was resident so far, in MiB.
pub(super) fn peak_rss_mb() -> Option<f64> {
    memory_mb("VmHWM:")
}

/// The memory that is resident now, in MiB.
pub(super) fn rss_mb() -> Option<f64> {
    memory_mb("VmRSS:")
}

fn memory_mb(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with(name))?;
    let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// User and system time of all threads so far, in ms. It moves in steps of 10 ms, and is moved
/// far less than wall time by whatever else the machine does.
pub(super) fn cpu_ms() -> Option<f64> {
    /// A clock tick is 10 ms in `/proc` on every architecture of Linux.
    const TICK: f64 = 10.0;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold spaces.
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) * TICK)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The fields are where the manual says: both numbers are there and grow.
    #[test]
    fn the_process_is_known() {
        let before = cpu_ms().unwrap();
        let hold = std::hint::black_box(vec![1u8; 32 << 20]);
        let started = std::time::Instant::now();
        while started.elapsed().as_millis() < 60 {
            std::hint::black_box(&hold);
        }
        assert!(cpu_ms().unwrap() > before);
        assert!(peak_rss_mb().unwrap() > 32.0);
        let full = rss_mb().unwrap();
        drop(hold);
        assert!(full > 32.0 && rss_mb().unwrap() < full - 16.0);
    }
}
