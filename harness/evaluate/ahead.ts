/** The same batches, each asked for before the one before it is used: images are decoded while the network runs. */
export async function* ahead<T>(batches: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    let next = batches.next();
    for (;;) {
      const { value, done } = await next;
      if (done) return;
      next = batches.next();
      // Where the network fails first, its failure is the one that is told.
      next.catch(() => {});
      yield value;
    }
  } finally {
    await batches.return(undefined);
  }
}
