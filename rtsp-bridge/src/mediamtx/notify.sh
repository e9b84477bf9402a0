# Tells the bridge what MediaMTX saw: bash notify.sh EVENT, run by MediaMTX's hooks.
# In bash because it costs 3 ms where a Node script costs 70; nothing waits for the answer.
# Only MTX_PATH is used: MTX_QUERY and its like are text that a viewer chose.
exec 3<>"/dev/tcp/127.0.0.1/$GANTRY_HOOK_PORT" || exit 1
printf 'POST /%s/%s/%s HTTP/1.1\r\nHost: bridge\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' \
  "$GANTRY_HOOK_TOKEN" "$1" "$MTX_PATH" >&3
