/** Work on many things, a few of which are under way at a time: each waits for a network. */

/**
 * What `work` makes of each item, in the order of the items. No more of them are taken than are under
 * way; who leaves early has the rest of these waited for.
 */
export async function* fewAtATime<Item, Outcome>(
  items: AsyncIterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Outcome>,
): AsyncGenerator<Outcome, void, undefined> {
  const underWay: Promise<Outcome>[] = [];
  try {
    for await (const item of items) {
      const outcome = work(item);
      // It is told when its turn comes.
      outcome.catch(() => undefined);
      underWay.push(outcome);
      if (underWay.length >= atOnce) yield await (underWay.shift() as Promise<Outcome>);
    }
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) yield await next;
  } finally {
    await Promise.allSettled(underWay);
  }
}
