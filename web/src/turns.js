// Whose turn it is on a thread.

const MOST_MILLISECONDS = 40; // of work in steps, until others are let in

let last = Promise.resolve();

/** Does one piece of work after the other: a 12-megapixel picture takes 100 MB while it is converted. */
export function inTurn(work) {
  const done = last.then(work);
  last = done.catch(() => {});
  return done;
}

/** What work in steps comes to; in between, the thread answers others, among them who ends the work. */
export async function inSlices(steps, signal) {
  let until = performance.now() + MOST_MILLISECONDS;
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() < until) continue;
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    until = performance.now() + MOST_MILLISECONDS;
  }
}
