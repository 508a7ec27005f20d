//! Plays the scripts of ours.json to running replicas, which have to send and tell what the scripts expect.

use std::thread;
use std::time::{Duration, Instant};

use borsh::BorshDeserialize;
use hotstuff_rs::networking::messages::Message;
use hotstuff_rs::types::crypto_primitives::VerifyingKey;
use hotstuff_rs::types::data_types::Power;
use hotstuff_rs::types::validator_set::ValidatorSet;
use serde_json::{Value, json};

use crate::Result;
use crate::cast::{Cast, bytes, list, number, text};
use crate::plain;
use crate::replica::{Running, Sent, Settings, start};

pub fn all(scripts: &Value, cast: &Cast) -> Result<Value> {
    list(scripts)?
        .iter()
        .map(|script| play(script, cast))
        .collect()
}

/// How long the replica may take for one step; its own timers are the longest part of it.
const PATIENCE: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(1);

fn play(script: &Value, cast: &Cast) -> Result<Value> {
    let name = text(&script["name"])?;
    let mut exchange = Exchange {
        cast,
        running: start(settings(script, cast)?),
        sent: Vec::new(),
        answered: Vec::new(),
        served: 0,
        held: 0,
    };
    for (at, step) in list(&script["steps"])?.iter().enumerate() {
        exchange
            .step(step)
            .map_err(|finding| format!("{name}, step {at}: {finding}"))?;
    }
    exchange
        .finish()
        .map_err(|finding| format!("{name}: {finding}"))?;
    Ok(
        json!({ "name": name, "sent": exchange.sent, "answered": exchange.answered, "held": exchange.held }),
    )
}

fn settings(script: &Value, cast: &Cast) -> Result<Settings> {
    let mut validators = ValidatorSet::new();
    for member in list(&script["validators"])? {
        validators.put(
            &cast.key(text(&member[0])?)?.verifying_key(),
            Power::new(number(&member[1])?),
        );
    }
    let given = &script["settings"];
    Ok(Settings {
        chain: cast.chain,
        me: cast.key(text(&script["replica"])?)?.clone(),
        validators,
        epoch_length: number(&given["epochLength"])? as u32,
        max_view_time: Duration::from_millis(number(&given["maxViewTimeMs"])?),
        advertise_time: Duration::from_millis(number(&given["advertiseMs"])?),
        request_limit: number(&given["requestLimit"])? as u32,
        min_view_difference: number(&given["minViewDifference"])?,
    })
}

struct Exchange<'a> {
    cast: &'a Cast,
    running: Running,
    /// What the protocol sent, all of it: each was expected.
    sent: Vec<Value>,
    /// What was asked of the sync server.
    answered: Vec<Value>,
    /// How far the sync server's frames have been looked at.
    served: usize,
    /// How many values its block tree was seen to hold.
    held: usize,
}

impl Exchange<'_> {
    fn step(&mut self, step: &Value) -> Result<()> {
        if !step["send"].is_null() {
            let message = decode(&bytes(&step["send"])?)?;
            self.running.wire.deliver(
                self.cast.key(text(&step["from"])?)?.verifying_key(),
                message,
            );
            Ok(())
        } else if !step["expect"].is_null() {
            self.expect(&bytes(&step["expect"])?, text(&step["to"])?)
        } else if !step["answer"].is_null() {
            self.answer(&bytes(&step["answer"])?, text(&step["to"])?)
        } else {
            self.holds(&step["holds"])
        }
    }

    fn expect(&mut self, frame: &[u8], to: &str) -> Result<()> {
        let wire = self.running.wire.clone();
        let next = || wire.protocol(self.sent.len()).into_iter().next();
        let Some(sent) = wait_for(next) else {
            return Err(format!(
                "sends nothing, expected to {to}: {}",
                described(frame)
            ));
        };
        let receiver = self.receiver(&sent);
        if sent.frame != frame || receiver != to {
            let (sent, expected) = (described(&sent.frame), described(frame));
            return Err(format!(
                "sends to {receiver}: {sent}\nexpected to {to}: {expected}"
            ));
        }
        self.sent
            .push(json!({ "to": to, "frame": hex::encode(frame) }));
        Ok(())
    }

    fn answer(&mut self, frame: &[u8], to: &str) -> Result<()> {
        let wire = self.running.wire.clone();
        let found = wait_for(|| {
            let sent = wire.server(self.served);
            sent.iter()
                .position(|sent| sent.frame == frame && self.receiver(sent) == to)
        });
        let Some(at) = found else {
            let last = wire
                .server(self.served)
                .last()
                .map(|sent| described(&sent.frame));
            return Err(format!(
                "does not answer {to}: {}\nthe last was {last:?}",
                described(frame)
            ));
        };
        self.served += at + 1;
        self.answered
            .push(json!({ "to": to, "frame": hex::encode(frame) }));
        Ok(())
    }

    /// The block tree comes to hold each of `values`.
    fn holds(&mut self, values: &Value) -> Result<()> {
        for (name, value) in values.as_object().ok_or("an unknown step")? {
            let mut last = Ok(Value::Null);
            let found = wait_for(|| {
                last = self.running.variable(name);
                last.as_ref().is_ok_and(|held| held == value).then_some(())
            });
            if found.is_none() {
                return Err(format!("its {name} is {:?}, expected {value}", last?));
            }
            self.held += 1;
        }
        Ok(())
    }

    /// Nothing was sent that was not expected.
    fn finish(&self) -> Result<()> {
        let rest = self.running.wire.protocol(self.sent.len());
        rest.first().map_or(Ok(()), |sent| {
            Err(format!(
                "sends to {} what nobody expects: {}",
                self.receiver(sent),
                described(&sent.frame)
            ))
        })
    }

    fn receiver(&self, sent: &Sent) -> String {
        sent.to.as_ref().map_or_else(
            || "all".to_owned(),
            |to: &VerifyingKey| self.cast.name_of(to),
        )
    }
}

fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = look();
        if found.is_some() || Instant::now() > deadline {
            return found;
        }
        thread::sleep(PAUSE);
    }
}

fn decode(frame: &[u8]) -> Result<Message> {
    Message::try_from_slice(frame).map_err(|error| format!("does not decode: {error}"))
}

fn described(frame: &[u8]) -> String {
    decode(frame).map_or_else(
        |error| error,
        |message| plain::message(&message).to_string(),
    )
}
