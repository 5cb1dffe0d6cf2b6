#!/usr/bin/env bash
# Makes samples/demo.mp4: 20 s of a synthetic yard seen by a camera, with a running clock. Ours, no footage used.
# Needs ffmpeg with libx264 and drawtext.
set -euo pipefail
cd "$(dirname "$0")"
ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "gradients=s=640x360:r=25:d=20:c0=0x10243a:c1=0x2f5d62:c2=0x8fb996:c3=0xf2d0a4:n=4:x0=0:y0=0:x1=640:y1=360:speed=0.006" \
  -f lavfi -i "color=c=0xd1495b:s=72x40:r=25:d=20" \
  -f lavfi -i "color=c=0xedae49:s=26x56:r=25:d=20" \
  -f lavfi -i "sine=frequency=330:sample_rate=48000:d=20,volume=0.06" \
  -filter_complex "[0]drawbox=x=0:y=262:w=640:h=98:color=0x22303c:t=fill,drawbox=x=0:y=308:w=640:h=3:color=0xf7f7f2@0.6:t=fill[road];
    [road][1]overlay=x='mod(t*64\,712)-72':y=270[car];
    [car][2]overlay=x='320+180*sin(2*PI*t/20)':y='206+3*sin(2*PI*t*2)'[walker];
    [walker]drawtext=text='DEMO CAMERA':x=16:y=14:fontsize=18:fontcolor=white,
    drawtext=text='%{pts\:hms}':x=w-tw-16:y=14:fontsize=18:fontcolor=white,format=yuv420p[out]" \
  -map "[out]" -map 3:a -c:v libx264 -profile:v main -preset slow -crf 24 -g 50 -keyint_min 50 -sc_threshold 0 -bf 0 \
  -c:a aac -b:a 48k -ac 1 -movflags +faststart -map_metadata -1 demo.mp4
