//! Which destinations hear of an alert, and when. Pure: time is an argument.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use minuano_telemetry::{AnomalyState, Millis};

use super::quiet::Quiet;
use super::{Alert, Class};

/// Things of which a destination's rules remember that they were told. Beyond it the closed ones are forgotten, then all:
/// a repeat may then be told.
pub const MAX_REMEMBERED: usize = 10_000;

/// What a destination wants to hear, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Wants {
    /// Classes (`fault`, `weather`, `station`) and kinds (`frost`, `range`, `offline`).
    pub on: Vec<String>,
    /// Of these stations; none: of all.
    pub stations: Option<Vec<String>>,
    /// Whether the end is told too.
    pub ends: bool,
    /// When nothing is told; it waits.
    pub quiet: Option<Quiet>,
    /// What opens again within this time after it was told is not told again.
    pub repeat_after: Duration,
    /// At most so many
    pub limit: usize,
    /// within this time.
    pub limit_within: Duration,
}

/// What becomes of an alert at one destination.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It is of no interest there, or goes on as it was told.
    Nothing,
    /// It was told not long ago.
    Repeat,
    /// There were too many.
    Limited,
    /// To be told at this time, with the number of those that were too many before it.
    Tell {
        /// Not before.
        due: Millis,
        /// Held back by the rate limit since the one before.
        suppressed: u64,
    },
}

/// What an alert is about: its class, station, kind and quantity.
pub type Key = (Class, String, String, Option<String>);

#[derive(Clone, Copy, Debug)]
struct Told {
    at: Millis,
    open: bool,
    heard: bool,
}

/// The rules of one destination and what it was told.
#[derive(Clone, Debug)]
pub struct Rules {
    wants: Wants,
    told: HashMap<Key, Told>,
    recent: VecDeque<Millis>,
    suppressed: u64,
}

impl Rules {
    /// Of a destination that was told nothing yet.
    pub fn new(wants: Wants) -> Self {
        Self { wants, told: HashMap::new(), recent: VecDeque::new(), suppressed: 0 }
    }

    /// What becomes of `alert` here.
    pub fn decide(&mut self, alert: &Alert, now: Millis) -> Decision {
        let key = (alert.class, alert.station.clone(), alert.kind.clone(), alert.quantity.clone());
        if !self.is_wanted(&key) {
            return Decision::Nothing;
        }
        let known = self.told.get(&key).copied();
        match alert.state {
            AnomalyState::Open => {
                if known.is_some_and(|told| told.open) {
                    return Decision::Nothing;
                }
                let repeats = known.is_some_and(|told| within(told.at, now, self.wants.repeat_after));
                let decision = if repeats { Decision::Repeat } else { self.tell(now) };
                let heard = matches!(decision, Decision::Tell { .. });
                let at = if repeats { known.map_or(now, |told| told.at) } else { now };
                self.remember(key, Told { at, open: true, heard }, now);
                decision
            }
            AnomalyState::Closed => {
                if let Some(told) = self.told.get_mut(&key) {
                    let was_heard = told.heard && told.open;
                    told.open = false;
                    if !was_heard {
                        return Decision::Nothing;
                    }
                }
                if self.wants.ends { self.tell(now) } else { Decision::Nothing }
            }
        }
    }

    /// This goes on since before a restart, and was told then.
    pub fn take_up(&mut self, key: &Key, since: Millis) {
        if self.is_wanted(key) && self.told.len() < MAX_REMEMBERED {
            self.told.insert(key.clone(), Told { at: since, open: true, heard: true });
        }
    }

    fn is_wanted(&self, (class, station, kind, _): &Key) -> bool {
        let on = self.wants.on.iter().any(|word| word == class.word() || word == kind);
        on && self.wants.stations.as_ref().is_none_or(|stations| stations.contains(station))
    }

    fn tell(&mut self, now: Millis) -> Decision {
        while self.recent.front().is_some_and(|front| !within(*front, now, self.wants.limit_within)) {
            self.recent.pop_front();
        }
        if self.recent.len() >= self.wants.limit {
            self.suppressed += 1;
            return Decision::Limited;
        }
        self.recent.push_back(now);
        let due = self.wants.quiet.as_ref().map_or(now, |quiet| quiet.due(now));
        Decision::Tell { due, suppressed: std::mem::take(&mut self.suppressed) }
    }

    fn remember(&mut self, key: Key, told: Told, now: Millis) {
        if self.told.len() >= MAX_REMEMBERED {
            let again = self.wants.repeat_after;
            self.told.retain(|_, told| told.open || within(told.at, now, again));
            if self.told.len() >= MAX_REMEMBERED {
                metrics::counter!("minuano_alerts_forgotten_total").increment(self.told.len() as u64);
                self.told.clear();
            }
        }
        self.told.insert(key, told);
    }
}

/// What seems to lie ahead was told before somebody put the clock back, and counts as long ago: nothing is silenced by it.
fn within(at: Millis, now: Millis, time: Duration) -> bool {
    u128::try_from(now.get() - at.get()).is_ok_and(|passed| passed < time.as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Millis {
        Millis::new(1_800_000_000_000 + seconds * 1000).unwrap()
    }

    fn wants() -> Wants {
        Wants {
            on: vec!["weather".to_owned(), "offline".to_owned()],
            stations: None,
            ends: true,
            quiet: None,
            repeat_after: Duration::from_secs(3600),
            limit: 3,
            limit_within: Duration::from_secs(600),
        }
    }

    fn alert(class: Class, station: &str, kind: &str, state: AnomalyState) -> Alert {
        let mut alert = Alert::test("home", at(0));
        (alert.class, alert.station, alert.kind, alert.state) = (class, station.into(), kind.into(), state);
        alert
    }

    fn frost(state: AnomalyState) -> Alert {
        alert(Class::Weather, "roof", "frost", state)
    }

    const TOLD: fn(i64) -> Decision = |seconds| Decision::Tell { due: at(seconds), suppressed: 0 };
    use AnomalyState::{Closed, Open};

    #[test]
    fn only_what_is_wanted_is_told() {
        let mut rules = Rules::new(Wants { stations: Some(vec!["roof".to_owned()]), ..wants() });
        assert_eq!(rules.decide(&frost(Open), at(0)), TOLD(0));
        assert_eq!(rules.decide(&alert(Class::Station, "roof", "offline", Open), at(0)), TOLD(0));
        assert_eq!(rules.decide(&alert(Class::Fault, "roof", "range", Open), at(0)), Decision::Nothing);
        assert_eq!(rules.decide(&alert(Class::Weather, "shed", "frost", Open), at(0)), Decision::Nothing);
    }

    #[test]
    fn what_goes_on_or_comes_again_soon_is_told_once() {
        let mut rules = Rules::new(wants());
        assert_eq!(rules.decide(&frost(Open), at(0)), TOLD(0));
        assert_eq!(rules.decide(&frost(Open), at(60)), Decision::Nothing, "it grew");
        assert_eq!(rules.decide(&frost(Closed), at(120)), TOLD(120));
        assert_eq!(rules.decide(&frost(Open), at(180)), Decision::Repeat);
        assert_eq!(rules.decide(&frost(Closed), at(200)), Decision::Nothing, "nobody heard that it began");
        assert_eq!(rules.decide(&frost(Open), at(3601)), TOLD(3601));
    }

    #[test]
    fn what_closed_over_a_restart_is_told() {
        let mut rules = Rules::new(wants());
        assert_eq!(rules.decide(&frost(Closed), at(0)), TOLD(0));
        let mut rules = Rules::new(Wants { ends: false, ..wants() });
        assert_eq!(rules.decide(&frost(Closed), at(0)), Decision::Nothing);
    }

    #[test]
    fn what_goes_on_over_a_restart_is_not_told_again_but_its_end_is() {
        let mut rules = Rules::new(wants());
        let key = |station: &str| (Class::Weather, station.to_owned(), "frost".to_owned(), None);
        rules.take_up(&key("roof"), at(0));
        assert_eq!(rules.decide(&frost(Open), at(10_000)), Decision::Nothing, "it grew");
        assert_eq!(rules.decide(&frost(Closed), at(10_001)), TOLD(10_001));
        for station in 0..MAX_REMEMBERED + 10 {
            rules.take_up(&key(&format!("s{station}")), at(0));
        }
        assert_eq!(rules.told.len(), MAX_REMEMBERED);
    }

    #[test]
    fn a_storm_of_alerts_is_limited_and_the_next_one_says_so() {
        let mut rules = Rules::new(wants());
        let opened = |station: usize| alert(Class::Weather, &format!("s{station}"), "frost", Open);
        let told = (0..10).filter(|station| rules.decide(&opened(*station), at(0)) == TOLD(0)).count();
        assert_eq!(told, 3);
        assert_eq!(rules.decide(&opened(10), at(599)), Decision::Limited);
        assert_eq!(rules.decide(&opened(11), at(600)), Decision::Tell { due: at(600), suppressed: 8 });
    }

    #[test]
    fn a_clock_put_back_silences_nothing() {
        let mut rules = Rules::new(Wants { limit: 1, ..wants() });
        assert_eq!(rules.decide(&frost(Open), at(86_400)), TOLD(86_400));
        let shed = alert(Class::Weather, "shed", "frost", Open);
        assert_eq!(rules.decide(&shed, at(0)), TOLD(0), "the limit is not of the future");
        rules.decide(&frost(Closed), at(600));
        assert_eq!(rules.decide(&frost(Open), at(1200)), TOLD(1200), "nor is the repeat");
    }

    #[test]
    fn what_quiet_hours_hold_back_is_due_at_their_end() {
        let zone = jiff::tz::TimeZone::UTC;
        let quiet = Quiet { from: "22:00".parse().unwrap(), to: "07:00".parse().unwrap(), zone };
        let mut rules = Rules::new(Wants { quiet: Some(quiet), ..wants() });
        let night: Millis = "2026-11-20T23:00:00.000Z".parse().unwrap();
        let morning = Decision::Tell { due: "2026-11-21T07:00:00.000Z".parse().unwrap(), suppressed: 0 };
        assert_eq!(rules.decide(&frost(Open), night), morning);
        assert_eq!(rules.decide(&frost(Closed), night), morning, "its end waits behind it");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut rules = Rules::new(Wants { limit: usize::MAX, ..wants() });
        for station in 0..MAX_REMEMBERED + 10 {
            rules.decide(&alert(Class::Weather, &format!("s{station}"), "frost", Open), at(0));
            assert!(rules.told.len() <= MAX_REMEMBERED);
        }
    }
}
