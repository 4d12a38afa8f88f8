//! Dates of certificates, as a message shows them.

use tokio_rustls::rustls::pki_types::UnixTime;

const SECONDS_PER_DAY: u64 = 86_400;
/// From 0000-03-01, where the algorithm counts from, to 1970-01-01.
const DAYS_TO_EPOCH: u64 = 719_468;
/// Days of 400 years, after which the calendar repeats.
const DAYS_PER_ERA: u64 = 146_097;

/// `2031-05-04 12:00:00 UTC`.
pub fn date(time: UnixTime) -> String {
    let seconds = time.as_secs();
    let (days, second) = (seconds / SECONDS_PER_DAY + DAYS_TO_EPOCH, seconds % SECONDS_PER_DAY);
    // Years begin in March here, so that the day of a leap year is the last one.
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let shown = |seconds| date(UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
        assert_eq!(shown(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(shown(951_825_599), "2000-02-29 11:59:59 UTC");
        assert_eq!(shown(1_735_689_600), "2025-01-01 00:00:00 UTC");
        assert_eq!(shown(4_107_542_399), "2100-02-28 23:59:59 UTC");
        assert_eq!(shown(4_107_542_400), "2100-03-01 00:00:00 UTC");
    }
}
