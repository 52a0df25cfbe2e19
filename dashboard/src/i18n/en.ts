export const en = {
  header: {
    stations: 'Stations',
    noStations: 'No station yet',
    theme: 'Theme',
    themes: { auto: 'Automatic', light: 'Light', dark: 'Dark' },
    language: 'Language',
  },
  connection: {
    connecting: 'Connecting',
    live: 'Live',
    reconnecting: 'Reconnecting',
    explained: 'Connection of this panel to the gateway',
  },
  state: { online: 'Online', offline: 'Offline', stopped: 'Stopped', unknown: 'Unknown' },
  quantity: {
    temperature_c: 'Temperature',
    pressure_hpa: 'Pressure',
    humidity_pct: 'Humidity',
    illuminance_lx: 'Illuminance',
  },
  card: {
    now: 'Now',
    low: 'Low',
    high: 'High',
    today: 'Today',
    trend: (hours: number) => `in ${hours} h`,
    rising: 'Rising',
    falling: 'Falling',
    steady: 'Steady',
    noTrend: (hours: number) => `No trend: nothing was measured ${hours} h earlier`,
    measured: (age: string) => `Measured ${age}`,
    missing: 'No value',
    waiting: 'Waiting for the first reading',
    toChart: (quantity: string) => `${quantity}: go to its chart`,
  },
  flag: { suspect: 'Suspect', fail: 'Failed check' },
  fault: {
    bus: 'The sensor does not answer',
    crc: 'Garbled on the bus',
    range: 'Outside the sensor’s range',
    frozen: 'The sensor is frozen',
    absent: 'No sensor found',
  } as Record<string, string>,
  chart: {
    heading: 'Last 24 hours',
    range: (low: string, high: string) => `${low} to ${high}`,
    between: (low: string, high: string) => `between ${low} and ${high}`,
    cursor: (quantity: string) => `${quantity} over the last 24 hours; the arrow keys move through time`,
    empty: 'Nothing measured in the last 24 hours',
    loading: 'Loading',
    noValue: 'no value',
  },
  station: {
    details: 'Station',
    metres: (height: string) => `${height}\u202fm`,
    north: 'N',
    south: 'S',
    east: 'E',
    west: 'W',
    lastSeen: 'Last seen',
    never: 'never',
    clock: 'Station clock',
    clocks: { synchronised: 'synchronised', holdover: 'holding over', unsynchronised: 'not synchronised' },
    log: 'Waiting in its log',
    readings: (count: string, one: boolean) => `${count} ${one ? 'reading' : 'readings'}`,
    stored: 'Stored',
    lost: 'Lost',
    nothingLost: 'every reading arrived',
    someLost: 'overwritten or cut off before they could be sent',
    sensors: 'Sensors',
    sensorOk: 'working',
    since: (moment: string) => `since ${moment}`,
    unknown: 'unknown',
    owner: (gateway: string) => `The gateway “${gateway}” acknowledges this station; this one stores and shows it as a standby.`,
  },
  anomalies: {
    heading: 'Anomalies',
    none: 'Nothing unusual in the last 24 hours',
    open: 'Open',
    closed: 'Closed',
    kinds: {
      range: 'Out of range',
      spike: 'Spike',
      rate: 'Changed too fast',
      rate_of_change: 'Changed too fast',
      flat_line: 'Flat line',
      duplicate_station: 'Two stations under one name',
    } as Record<string, string>,
    span: (from: string, to: string) => `${from} – ${to}`,
    ongoing: (from: string) => `since ${from}`,
  },
  error: {
    unreachable: 'The gateway cannot be reached.',
    answered: (status: number, detail: string) => `The gateway answered ${status}${detail && `: ${detail}`}`,
    broken: 'This part of the panel could not be shown.',
    retry: 'Try again',
  },
}

type Shape<T> = T extends (...args: infer A) => string
  ? (...args: A) => string
  : T extends string
    ? string
    : { [K in keyof T]: Shape<T[K]> }

/** Every language has exactly English's keys; a missing one does not compile. */
export type Messages = Shape<typeof en>
