//! One request, and what its answer means for the cursor.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::bulk::Outcome;
use super::client::{Failure, Template};
use super::document::Document;
use super::pace::{Pace, Size};
use super::{CONDITION, Elastic, ElasticError, batch, counters, template};
use crate::clock::now;
use crate::config::MOST_DOCUMENTS;
use crate::store::elastic::{self, Done, SetAside};

/// What a step came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is due.
    Nothing,
    /// All of the request is done, and more may be due.
    Sent,
    /// The request was too large; a smaller one may go at once.
    Smaller,
    /// The cluster put off some of it.
    Later(String),
}

/// What a running sink remembers between steps. Its cursor is in the store.
#[derive(Debug)]
pub(super) struct Work {
    /// The cluster and the data stream; none until the cluster was asked.
    target: Option<String>,
    version: String,
    through: i64,
    /// Of the batch under way, what is not done.
    rest: Vec<Document>,
    /// The last row of that batch.
    batch_through: i64,
    /// Of the next documents, how many an earlier request may have created without an answer.
    doubtful: usize,
    pace: Pace,
    waiting_since: Option<Instant>,
    may_look: bool,
}

impl Work {
    pub(super) fn new(most: Size) -> Self {
        Self {
            target: None,
            version: String::new(),
            through: 0,
            rest: Vec::new(),
            batch_through: 0,
            // What the process before this one sent last, it may have sent without an answer.
            doubtful: MOST_DOCUMENTS,
            pace: Pace::new(most),
            waiting_since: None,
            may_look: true,
        }
    }

    pub(super) fn circuit_is_open(&self) -> bool {
        self.pace.is_open()
    }
}

impl Elastic {
    /// Sends what is due, as much as fits into one request.
    pub(super) async fn step(&self, work: &mut Work) -> Result<Step, ElasticError> {
        if work.target.is_none() || work.pace.is_open() {
            self.greet(work).await?;
        }
        if work.rest.is_empty() && !self.take(work).await? {
            return Ok(Step::Nothing);
        }
        let count = work.pace.fit(&work.rest);
        let outcomes = match self.request(work, count).await {
            Ok(Some(outcomes)) => outcomes,
            Ok(None) => return Ok(Step::Smaller),
            Err(failure) => {
                if !failure.took_nothing() {
                    work.doubtful = work.doubtful.max(count);
                }
                work.pace.failed();
                return Err(self.failed(failure));
            }
        };
        self.settle(work, outcomes).await
    }

    /// Asks who is there, and where this gateway stopped sending to it.
    async fn greet(&self, work: &mut Work) -> Result<(), ElasticError> {
        let greeted = async {
            let cluster = self.client.cluster().await?;
            let template = match self.template {
                true => self.client.ensure_template().await?,
                false => Template::There,
            };
            Ok::<_, Failure>((cluster, template))
        };
        let (cluster, template) = greeted.await.map_err(|failure| {
            work.pace.failed();
            self.failed(failure)
        })?;
        let target = format!("{}/{}", cluster.uuid, self.client.stream());
        if template == Template::Put {
            tracing::info!(template = template::NAME, "the index template is put");
        }
        if work.target.as_ref() == Some(&target) {
            return Ok(());
        }
        let named = target.clone();
        let known = self.write(move |connection| elastic::begin(connection, &named, now())).await?;
        counters::progress(&known);
        tracing::info!(
            cluster = cluster.version,
            target,
            through = known.through,
            "readings go to Elasticsearch"
        );
        let (pace, may_look) = (work.pace, work.may_look);
        *work =
            Work { pace, may_look, through: known.through, version: cluster.version, ..Work::new(self.most) };
        work.target = Some(target);
        Ok(())
    }

    /// Takes the next batch from the store, if one is due.
    async fn take(&self, work: &mut Work) -> Result<bool, ElasticError> {
        let (gateway, after, most) = (self.gateway.clone(), work.through, self.most);
        let taken = self.store.ask(move |connection| batch::next(connection, &gateway, after, most)).await?;
        if taken.through == after {
            work.waiting_since = None;
            return Ok(false);
        }
        let waited = work.waiting_since.get_or_insert_with(Instant::now).elapsed();
        if !taken.full && waited < self.batch_after {
            return Ok(false);
        }
        work.waiting_since = None;
        work.batch_through = taken.through;
        work.rest = taken.documents;
        if work.rest.is_empty() {
            self.advance(work, Done { through: taken.through, ..Done::default() }).await?;
        }
        Ok(!work.rest.is_empty())
    }

    /// Creates the first `count` documents, but those that are there. `None`: fewer have to go at once.
    async fn request(&self, work: &mut Work, count: usize) -> Result<Option<Vec<Outcome>>, Failure> {
        let documents = &work.rest[..count];
        let present = match work.doubtful > 0 && work.may_look {
            true => match self.client.present(documents).await {
                Err(Failure::Refused(status, why)) => {
                    tracing::warn!(
                        %status, why,
                        "this gateway may not look what is in its data stream: a request repeated over a rollover could \
                         create documents twice; it takes the index privileges read and maintenance"
                    );
                    work.may_look = false;
                    BTreeSet::new()
                }
                answer => answer?,
            },
            false => BTreeSet::new(),
        };
        let missing: Vec<Document> =
            documents.iter().filter(|document| !present.contains(&document.id)).cloned().collect();
        let mut created = match missing.as_slice() {
            [] => Vec::new(),
            [..] => match self.client.create(&missing).await {
                Err(failure @ Failure::TooLarge(bytes)) => {
                    if missing.len() > 1 {
                        work.pace.too_large(bytes);
                        return Ok(None);
                    }
                    vec![Outcome::Refused(failure.to_string())]
                }
                answer => answer?,
            },
        }
        .into_iter();
        let outcome = |document: &Document| match present.contains(&document.id) {
            true => Outcome::Present,
            // One for each that was missing.
            false => created.next().unwrap_or_else(|| Outcome::Later("no answer".to_owned())),
        };
        Ok(Some(documents.iter().map(outcome).collect()))
    }

    /// Writes down what became of the first documents.
    async fn settle(&self, work: &mut Work, outcomes: Vec<Outcome>) -> Result<Step, ElasticError> {
        let count = outcomes.len();
        let mut done = Done::default();
        let mut later = Vec::new();
        let mut why = None;
        for (document, outcome) in work.rest.iter().zip(outcomes) {
            match outcome {
                Outcome::Created => done.created += 1,
                Outcome::Present => done.present += 1,
                Outcome::Refused(reason) => {
                    tracing::error!(
                        document = document.id,
                        reason,
                        "Elasticsearch will not take a reading; it is set aside (minuano-gateway elastic status)"
                    );
                    done.refused.push(SetAside { row: document.row, document: document.id.clone(), reason });
                }
                Outcome::Later(reason) => {
                    later.push(document.clone());
                    why.get_or_insert(reason);
                }
            }
        }
        let next = later.first().or(work.rest.get(count));
        done.through = next.map_or(work.batch_through, |document| document.row - 1);
        // Until this is written the documents are doubtful: they are looked for before they are sent again.
        work.doubtful = work.doubtful.max(count);
        let found = done.present > 0;
        self.advance(work, done).await?;
        let put_off = later.len();
        work.rest.splice(..count, later);
        // Where some are there, more may be: a store that was restored sends again what came after its backup.
        work.doubtful = match found {
            true => MOST_DOCUMENTS,
            false => work.doubtful.saturating_sub(count - put_off),
        };
        match why {
            None => {
                work.pace.succeeded();
                Ok(Step::Sent)
            }
            Some(why) => {
                counters::later(put_off);
                match put_off < count {
                    true => work.pace.partly(),
                    false => work.pace.failed(),
                }
                Ok(Step::Later(format!("{put_off} of {count} documents are put off: {why}")))
            }
        }
    }

    async fn advance(&self, work: &mut Work, done: Done) -> Result<(), ElasticError> {
        let Some(target) = work.target.clone() else { return Ok(()) };
        let through = done.through;
        let progress =
            self.write(move |connection| elastic::advance(connection, &target, &done, now())).await?;
        work.through = through;
        counters::progress(&progress);
        let documents = progress.created + progress.present;
        let aside = match progress.refused {
            0 => String::new(),
            refused => format!("; {refused} set aside"),
        };
        let detail = format!("{}: {documents} documents in {}{aside}", work.version, self.client.stream());
        self.readiness.set(CONDITION, true, detail);
        Ok(())
    }
}
