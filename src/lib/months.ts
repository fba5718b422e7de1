/** Every month from the newest back to the oldest, "2026-11" first; the newest alone when there is no oldest. */
export function monthsBetween(oldest: string | undefined, newest: string): string[] {
  const months = [newest]
  for (let month = newest; oldest && month > oldest; ) {
    const [year, number] = month.split('-').map(Number) as [number, number]
    month = number === 1 ? `${year - 1}-12` : `${year}-${String(number - 1).padStart(2, '0')}`
    months.push(month)
  }
  return months
}
