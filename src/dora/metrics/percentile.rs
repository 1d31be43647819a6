//! Nearest-rank percentiles: always a value that occurred.

/// The values at `percents` (ascending, each from 1 to 100) of `values`, which are put into
/// another order; None without values. The rank is the percentage of the number of values,
/// rounded up (Hyndman and Fan 1996, definition 1).
pub fn nearest_ranks<const N: usize>(values: &mut [i64], percents: [usize; N]) -> Option<[i64; N]> {
    let count = values.len();
    if count == 0 {
        return None;
    }
    let mut found = [0; N];
    // What lies before it is in place already.
    let mut done = 0;
    for (found, percent) in found.iter_mut().zip(percents) {
        let place = (percent * count).div_ceil(100).clamp(1, count) - 1;
        if place >= done {
            values[done..].select_nth_unstable(place - done);
            done = place + 1;
        }
        *found = values[place];
    }
    Some(found)
}

/// The mean, rounded half up; None without values.
pub fn mean(values: &[i64]) -> Option<i64> {
    let count = i128::try_from(values.len())
        .ok()
        .filter(|count| *count > 0)?;
    let sum: i128 = values.iter().map(|value| i128::from(*value)).sum();
    i64::try_from((2 * sum + count).div_euclid(2 * count)).ok()
}

/// `part / whole` to 4 decimals, half up; None where the whole is 0.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    let [part, whole] = [u128::from(part), u128::from(whole)];
    let ten_thousandths = (part * 20_000 + whole).checked_div(2 * whole)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of deployments is exact in f64"
    )]
    let ten_thousandths = ten_thousandths as f64;
    Some(ten_thousandths / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rank_is_rounded_up() {
        // 15 20 35 40 50: p30 has rank ceil(1.5) = 2, p40 rank 2, p50 rank 3, p100 rank 5.
        let mut values = [50, 15, 40, 20, 35];
        assert_eq!(
            nearest_ranks(&mut values, [30, 40, 50, 100]),
            Some([20, 20, 35, 50])
        );
        // Of four values p50 is the second, p75 the third.
        assert_eq!(
            nearest_ranks(&mut [4, 3, 2, 1], [50, 75, 90, 95]),
            Some([2, 3, 4, 4])
        );
        assert_eq!(nearest_ranks(&mut [7], [50, 95]), Some([7, 7]));
        assert_eq!(nearest_ranks(&mut [], [50]), None);
    }

    #[test]
    fn half_a_second_goes_up() {
        assert_eq!(mean(&[1, 2]), Some(2));
        assert_eq!(mean(&[1, 1, 2]), Some(1));
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn a_ratio_has_four_decimals() {
        assert_eq!(ratio(1, 3), Some(0.3333));
        assert_eq!(ratio(2, 3), Some(0.6667));
        // 0.00005 exactly goes up.
        assert_eq!(ratio(1, 20_000), Some(0.0001));
        assert_eq!(ratio(1, 0), None);
    }
}
