/**
 * Loads a module of the page. The page is plain JavaScript that its own tsconfig checks; the tests say what they take it for.
 */
export async function loadPageModule<T>(name: string): Promise<T> {
  return (await import(new URL(`../../../../../server/web/page/${name}`, import.meta.url).href)) as T;
}
