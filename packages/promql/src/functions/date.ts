/** The parts of a point in time, in UTC. */
interface CivilTime {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  readonly day: number;
  readonly secondOfDay: number;
  /** Since 1970-01-01. */
  readonly days: number;
}

const DAY = 86_400;

/**
 * What Go makes of `time.Unix(int64(v), 0)`: whole seconds towards zero. What no int64 holds (NaN and infinities as
 * well) becomes the smallest one on amd64, and Go's calendar, which counts from the other end, shows that as 2^63 s.
 * JavaScript's Date ends at 8.64e12 s.
 */
function civilTime(v: number): CivilTime {
  const whole = Math.trunc(v);
  const seconds = Math.abs(whole) < 2 ** 63 ? whole : 2 ** 63;
  const secondOfDay = ((seconds % DAY) + DAY) % DAY;
  const days = (seconds - secondOfDay) / DAY;
  return { ...civilDate(days), secondOfDay, days };
}

const DAYS_OF_400_YEARS = 146_097;

/** The proleptic Gregorian date of a day, with years that begin in March, so that the leap day is the last one. */
function civilDate(days: number): Pick<CivilTime, 'year' | 'month' | 'day'> {
  const sinceYear0 = days + 719_468;
  const era = Math.floor(sinceYear0 / DAYS_OF_400_YEARS);
  const dayOfEra = sinceYear0 - era * DAYS_OF_400_YEARS;
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : (LENGTHS[month - 1] as number);
}

function dayOfYear({ year, month, day }: CivilTime): number {
  let sum = day;
  for (let earlier = 1; earlier < month; earlier++) sum += daysInMonth(year, earlier);
  return sum;
}

const of =
  (part: (time: CivilTime) => number) =>
  (seconds: number): number =>
    part(civilTime(seconds));

/** Functions of a time in seconds since the epoch, in UTC. */
export const DATE_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map(
  Object.entries({
    day_of_month: of(({ day }) => day),
    // The first day was a Thursday.
    day_of_week: of(({ days }) => (((days + 4) % 7) + 7) % 7),
    day_of_year: of(dayOfYear),
    days_in_month: of(({ year, month }) => daysInMonth(year, month)),
    hour: of(({ secondOfDay }) => Math.floor(secondOfDay / 3600)),
    minute: of(({ secondOfDay }) => Math.floor((secondOfDay % 3600) / 60)),
    month: of(({ month }) => month),
    year: of(({ year }) => year),
  }),
);
