#!/usr/bin/env bash
# Makes samples/demo.mp4: 20 s of a parking lot, with a running clock. People and a car pass, so that detection has something
# to say. See samples/LICENSE-demo.md for the footage. Needs ffmpeg with libx264 and drawtext.
#
#   make-demo.sh CLIP     CLIP: a copy of person-bicycle-car-detection.mp4, or 20 s out of it
set -euo pipefail
clip=$(realpath "${1:?usage: make-demo.sh CLIP}")
cd "$(dirname "$0")"
ffmpeg -hide_banner -loglevel error -y -t 20 -i "$clip" \
  -f lavfi -t 20 -i "sine=frequency=330:sample_rate=48000,volume=0.06" \
  -filter_complex "[0:v]fps=25,scale=640:360,
    drawtext=text='DEMO CAMERA':x=16:y=h-th-14:fontsize=18:fontcolor=white:box=1:boxcolor=black@0.4:boxborderw=4,
    drawtext=text='%{pts\:hms}':x=w-tw-16:y=h-th-14:fontsize=18:fontcolor=white:box=1:boxcolor=black@0.4:boxborderw=4,format=yuv420p[out]" \
  -map "[out]" -map 1:a -c:v libx264 -profile:v main -preset veryslow -crf 25 -g 50 -keyint_min 50 -sc_threshold 0 -bf 0 \
  -c:a aac -b:a 48k -ac 1 -movflags +faststart -map_metadata -1 demo.mp4
