//! Plays an RTSP stream over TCP with the crate `retina` for some seconds and prints what it saw as
//! one JSON line. Arguments: URL, seconds. Credentials are taken out of the URL.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use retina::client::{Credentials, PlayOptions, Session, SessionOptions, SetupOptions, TcpTransportOptions, Transport};
use retina::codec::{CodecItem, FrameFormat};
use url::Url;

#[derive(Default)]
struct Seen {
    frames: u64,
    key_frames: u64,
    longest_key_gap: f64,
    backwards: u64,
    lost_packets: u64,
    last: Option<f64>,
    last_key: Option<f64>,
}

impl Seen {
    fn take(&mut self, at: f64, is_key: bool, loss: u16) {
        self.frames += 1;
        self.lost_packets += u64::from(loss);
        if self.last.is_some_and(|last| at <= last) {
            self.backwards += 1;
        }
        self.last = Some(at);
        if is_key {
            self.key_frames += 1;
            let gap = at - self.last_key.unwrap_or(at);
            self.longest_key_gap = self.longest_key_gap.max(gap);
            self.last_key = Some(at);
        }
    }
}

fn credentials(url: &mut Url) -> Option<Credentials> {
    let username = url.username().to_owned();
    let password = url.password().unwrap_or_default().to_owned();
    if username.is_empty() {
        return None;
    }
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(Credentials { username, password })
}

async fn play(mut url: Url, seconds: u64, seen: &mut Seen) -> Result<()> {
    let options = SessionOptions::default().creds(credentials(&mut url));
    let mut session = Session::describe(url, options).await?;
    let video = session
        .streams()
        .iter()
        .position(|stream| stream.media() == "video" && stream.encoding_name() == "h264")
        .context("no H.264")?;
    let setup = SetupOptions::default()
        .transport(Transport::Tcp(TcpTransportOptions::default()))
        .frame_format(FrameFormat::SIMPLE);
    session.setup(video, setup).await?;
    let mut demuxed = session.play(PlayOptions::default()).await?.demuxed()?;
    let end = tokio::time::sleep(Duration::from_secs(seconds));
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return Ok(()),
            item = demuxed.next() => match item {
                None => bail!("the server ended the stream"),
                Some(item) => {
                    if let CodecItem::VideoFrame(frame) = item? {
                        seen.take(frame.timestamp().elapsed_secs(), frame.is_random_access_point(), frame.loss());
                    }
                }
            },
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = Url::parse(&arguments.next().context("give a URL")?)?;
    let seconds = arguments.next().context("give seconds")?.parse()?;
    let mut seen = Seen::default();
    let error = play(url, seconds, &mut seen).await.err().map(|error| format!("{error:#}"));
    println!(
        "{{\"frames\": {}, \"keyFrames\": {}, \"longestKeyGapSeconds\": {:.3}, \"backwards\": {}, \"errors\": {:?}}}",
        seen.frames,
        seen.key_frames,
        seen.longest_key_gap,
        seen.backwards,
        error
            .into_iter()
            .chain((seen.lost_packets > 0).then(|| format!("{} packets lost", seen.lost_packets)))
            .collect::<Vec<_>>()
    );
    Ok(())
}
