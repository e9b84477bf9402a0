// Word of changed states to clients that subscribed to them, at most once a second each.

import type { Clock } from "@gantry/platform/clock";
import type { Fleet } from "../../fleet/fleet.ts";
import { stateUri } from "./resources.ts";
import { SubscribeRequestSchema, UnsubscribeRequestSchema, type Server } from "./sdk.ts";

const quietMs = 1000;
const maxSubscriptions = 256;

export function subscriptions(server: Server, fleet: Fleet, clock: Clock): Disposable {
  const subscribed = new Set<string>();
  const resting = new Set<string>();
  const end = new AbortController();
  server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    if (subscribed.size < maxSubscriptions) subscribed.add(params.uri);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
  const tell = async (uri: string): Promise<void> => {
    if (resting.has(uri)) return;
    resting.add(uri);
    await clock.wait(quietMs, end.signal);
    resting.delete(uri);
    await server.sendResourceUpdated({ uri });
  };
  const listening = fleet.on((event) => {
    if (event.type !== "state") return;
    const uri = stateUri(event.printer.id);
    // It ends early with the session only, and then there is no one to tell.
    if (subscribed.has(uri)) tell(uri).catch(() => undefined);
  });
  return {
    [Symbol.dispose]: () => {
      end.abort();
      listening[Symbol.dispose]();
    },
  };
}
