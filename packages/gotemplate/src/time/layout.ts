import { formatOffset, type WallTime } from './zone.ts';

/** Go's reference-time layouts: `2006-01-02 15:04:05`. */

export const MONTHS: readonly string[] =
  'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** In Go's order of trying: longer forms first. */
export const ELEMENT: RegExp =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|[.,]0+(?!\d)|[.,]9+(?!\d)|002|01|02|03|04|05|06|__2|_2006|_2|15|PM|pm|1|2|3|4|5/g;

const two = (n: number): string => String(n).padStart(2, '0');
const three = (n: number): string => String(n).padStart(3, '0');

export function formatTime(time: WallTime, layout: string, nanoseconds: number): string {
  return layout.replace(ELEMENT, (element) => formatElement(time, element, nanoseconds));
}

function formatElement(time: WallTime, element: string, nanoseconds: number): string {
  switch (element) {
    case 'January':
      return MONTHS[time.month - 1] ?? '';
    case 'Jan':
      return (MONTHS[time.month - 1] ?? '').slice(0, 3);
    case '01':
      return two(time.month);
    case '1':
      return String(time.month);
    case 'Monday':
      return DAYS[time.weekday] ?? '';
    case 'Mon':
      return (DAYS[time.weekday] ?? '').slice(0, 3);
    case '02':
      return two(time.day);
    case '_2':
      return String(time.day).padStart(2);
    case '2':
      return String(time.day);
    case '002':
      return three(time.yearDay);
    case '__2':
      return String(time.yearDay).padStart(3);
    case '2006':
      return String(time.year).padStart(4, '0');
    case '_2006':
      return `_${String(time.year).padStart(4, '0')}`;
    case '06':
      return two(((time.year % 100) + 100) % 100);
    case '15':
      return two(time.hour);
    case '03':
      return two(time.hour % 12 || 12);
    case '3':
      return String(time.hour % 12 || 12);
    case '04':
      return two(time.minute);
    case '4':
      return String(time.minute);
    case '05':
      return two(time.second);
    case '5':
      return String(time.second);
    case 'PM':
      return time.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return time.hour >= 12 ? 'pm' : 'am';
    case 'MST':
      return time.zone;
  }
  return /^[.,]/.test(element) ? fraction(element, nanoseconds) : offset(element, time.offset);
}

function fraction(element: string, nanoseconds: number): string {
  const digits = String(nanoseconds)
    .padStart(9, '0')
    .padEnd(element.length - 1, '0')
    .slice(0, element.length - 1);
  if (element[1] === '0') return (element[0] ?? '') + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : (element[0] ?? '') + short;
}

function offset(element: string, seconds: number): string {
  if (element.startsWith('Z') && seconds === 0) return 'Z';
  const digits = element.slice(1).replaceAll(':', '').length;
  const text = formatOffset(seconds, element.includes(':') ? ':' : '', true, digits === 6);
  return digits === 2 ? text.slice(0, 3) : text;
}
