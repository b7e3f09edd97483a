let last = Promise.resolve();

/** Does one piece of work after the other: a 12-megapixel picture takes 100 MB while it is converted. */
export function inTurn(work) {
  const done = last.then(work);
  last = done.catch(() => {});
  return done;
}
