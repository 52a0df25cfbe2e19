//! mosquitto's `acl_file`: which user may publish and read what.

use super::account::Account;

const BEGIN: &str =
    "# ── minuano-gateway broker provision writes what follows; keep rules of your own above ──";
const END: &str = "# ── the end of what minuano-gateway broker provision writes ──";

/// The file with the rules of `accounts`, and with the rules of others that it had. Those stand above: a rule belongs
/// to the last `user` before it, and one before the first `user` to clients without a name.
pub fn text(there: &str, accounts: &[Account], prefix: &str) -> String {
    let (above, rest) = there.split_once(BEGIN).unwrap_or((there, ""));
    let below = rest.split_once(END).map_or("", |(_, below)| below);
    let mut text = String::new();
    for part in [above, below] {
        let part = part.trim();
        if !part.is_empty() {
            text.push_str(part);
            text.push_str("\n\n");
        }
    }
    text.push_str(BEGIN);
    text.push('\n');
    for account in accounts {
        text.push_str(&format!("\nuser {}\n", account.user()));
        for (access, topic) in account.topics(prefix) {
            text.push_str(&format!("topic {} {topic}\n", access.word()));
        }
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
    text
}
