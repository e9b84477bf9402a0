"""Plays an RTSP stream with PyAV as Home Assistant's stream worker opens it, decodes every picture,
and prints what it saw as one JSON line. Arguments: URL, seconds."""

import json
import sys
import time

import av

OPTIONS = {"rtsp_transport": "tcp", "rtsp_flags": "prefer_tcp", "timeout": "10000000"}


def main() -> None:
    url, seconds = sys.argv[1], float(sys.argv[2])
    av.logging.set_level(av.logging.WARNING)
    errors, frames, keys, backwards, gap = [], 0, 0, 0, 0.0
    last = last_key = None
    try:
        with av.logging.Capture() as logs, av.open(url, options=OPTIONS, timeout=15) as container:
            video = container.streams.video[0]
            end = time.monotonic() + seconds
            for packet in container.demux(video):
                if packet.dts is None:
                    continue
                if last is not None and packet.dts <= last:
                    backwards += 1
                last = packet.dts
                if packet.is_keyframe:
                    at = float(packet.pts * packet.time_base)
                    gap = max(gap, at - (at if last_key is None else last_key))
                    last_key, keys = at, keys + 1
                frames += len(packet.decode())
                if time.monotonic() > end:
                    break
            errors += [message.strip() for _level, _name, message in logs]
    except Exception as error:  # noqa: BLE001 - told to the test, whatever it is
        errors.append(f"{type(error).__name__}: {error}")
    seen = {"frames": frames, "keyFrames": keys, "longestKeyGapSeconds": gap, "backwards": backwards, "errors": errors}
    print(json.dumps(seen))


main()
