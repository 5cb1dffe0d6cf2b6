/** All metrics of a server now: sums over the labels that are not named, by `name` or `name{label="value"}`. */
export async function scrape(httpUrl: string): Promise<(series: string) => number> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return (series) => {
    const [name, label = ''] = series.split('{');
    const wanted = label.replace('}', '');
    return lines
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => line.includes(wanted))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  };
}
