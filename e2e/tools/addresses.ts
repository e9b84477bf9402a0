// Pure: what a user pastes elsewhere, as text. The shapes are the outer contract's.

export interface Addresses {
  /** `http://HOST:PORT` of the gateway. */
  readonly gateway: string;
  /** `http://HOST:PORT` of the bridge. */
  readonly bridge: string;
  /** `rtsp://HOST:PORT`. */
  readonly rtsp: string;
}

export interface ShownPrinter {
  readonly id: string;
  readonly name: string;
}

/** Lines to print once all listens. */
export function addressLines({ gateway, bridge, rtsp }: Addresses, printers: readonly ShownPrinter[]): string[] {
  const first = printers[0];
  return [
    `web page   ${gateway}/`,
    `REST       ${gateway}/api/v1/printers`,
    `metrics    ${gateway}/metrics and ${bridge}/metrics`,
    `MCP        ${gateway}/mcp`,
    `streams    ${bridge}/api/v1/streams`,
    ...printers.flatMap(({ id, name }) => [
      "",
      `${name} (${id})`,
      `  snapshot ${gateway}/api/v1/printers/${id}/snapshot.jpg`,
      `  RTSP     ${rtsp}/${id}`,
    ]),
    ...(first === undefined
      ? ["", "The inventory names no printer yet."]
      : [
          "",
          `watch      ffplay -rtsp_transport tcp ${rtsp}/${first.id}`,
          `check      ffprobe -v error -rtsp_transport tcp -show_streams ${rtsp}/${first.id}`,
        ]),
  ];
}
