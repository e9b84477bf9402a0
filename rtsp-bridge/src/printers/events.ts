// Server-sent events out of text that comes in pieces. It keeps no connection.
// Format: WHATWG HTML, 9.2; the gateway ends its lines with LF alone.

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** No event is longer; a longer one is dropped. */
const maxCharacters = 8_000_000;

export class EventReader {
  #text = "";

  /** The events that are whole with this piece. */
  take(piece: string): ServerEvent[] {
    this.#text += piece;
    const blocks = this.#text.split("\n\n");
    this.#text = blocks.pop() ?? "";
    if (this.#text.length > maxCharacters) this.#text = "";
    return blocks.flatMap((block) => {
      const lines = block.split("\n");
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => fieldOf(line));
      const name = lines.find((line) => line.startsWith("event:"));
      return data.length === 0 ? [] : [{ name: name === undefined ? "message" : fieldOf(name), data: data.join("\n") }];
    });
  }
}

function fieldOf(line: string): string {
  return line.slice(line.indexOf(":") + 1).replace(/^ /u, "");
}
