//! A token bucket: executions that a tenant may begin.

use std::time::Duration;

use tokio::time::Instant;

use super::Rate;

/// Tokens are kept as time: the bucket is full when as much time has passed as all its tokens take to come.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    /// The time that one token takes to come.
    interval: Duration,
    /// When the bucket will be, or was, full.
    full: Instant,
}

impl Bucket {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, interval: rate.period / rate.count.max(1), full: now }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// How long until a token is there; `None` where one is.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let missing = self.full.saturating_duration_since(now) + self.interval;
        let most = self.interval * self.rate.burst;
        missing.checked_sub(most).filter(|wait| !wait.is_zero())
    }

    /// Takes a token that is there.
    pub(super) fn spend(&mut self, now: Instant) {
        self.full = self.full.max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_is_followed_by_the_rate() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Rate { count: 60, period: Duration::from_secs(60), burst: 3 }, now);
        for _ in 0..3 {
            assert_eq!(bucket.wait(now), None);
            bucket.spend(now);
        }
        assert_eq!(bucket.wait(now), Some(Duration::from_secs(1)));
        let later = now + Duration::from_millis(600);
        assert_eq!(bucket.wait(later), Some(Duration::from_millis(400)));
        assert_eq!(bucket.wait(now + Duration::from_secs(1)), None);
        bucket.spend(now + Duration::from_secs(1));
        assert_eq!(bucket.wait(now + Duration::from_secs(1)), Some(Duration::from_secs(1)));
    }

    #[test]
    fn pause_saves_no_more_than_a_burst() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Rate { count: 1, period: Duration::from_secs(1), burst: 1 }, now);
        let later = now + Duration::from_secs(3_600);
        bucket.spend(later);
        assert_eq!(bucket.wait(later), Some(Duration::from_secs(1)));
    }
}
