import { secret } from '@prunella/metrics/config';
import type { HttpClient, HttpResponse } from '@prunella/metrics/http';
import { AwsV4Signer } from 'aws4fetch';
import type * as v from 'valibot';
import { readSecret, secretEntries, text, optional, type SecretFields } from '../config/fields.ts';
import { bodyText } from './http.ts';
import { DeliveryError, type ReceiverParts } from './receiver.ts';

/** Who signs; `region` may come from the environment as well. */
export interface AwsCredentialsConfig extends SecretFields<'access_key' | 'secret_key' | 'session_token'> {
  readonly region?: string;
  readonly region_env?: string;
}

export const awsCredentialEntries: v.ObjectEntries = {
  ...optional(text, 'region', 'region_env'),
  ...secretEntries(secret, 'access_key', 'secret_key', 'session_token'),
};

/** Where neither the configuration says so, AWS's own variables count. */
const FALLBACK = {
  access_key: 'AWS_ACCESS_KEY_ID',
  secret_key: 'AWS_SECRET_ACCESS_KEY',
  session_token: 'AWS_SESSION_TOKEN',
};

interface AwsCredentials {
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken: string | undefined;
}

async function readCredentials(
  config: AwsCredentialsConfig,
  secrets: ReceiverParts['secrets'],
): Promise<AwsCredentials> {
  const { env } = secrets;
  const read = async (name: keyof typeof FALLBACK): Promise<string | undefined> =>
    (await readSecret(config, name, secrets)) ?? env[FALLBACK[name]];
  const accessKey = await read('access_key');
  const secretKey = await read('secret_key');
  const region = config.region ?? (config.region_env && env[config.region_env]) ?? env['AWS_REGION'];
  if (!accessKey || !secretKey) throw new DeliveryError('no AWS credentials', { retry: false });
  if (!region) throw new DeliveryError('no AWS region', { retry: false });
  return { region, accessKey, secretKey, sessionToken: await read('session_token') };
}

export interface AwsRequest {
  readonly service: 'ses' | 'sns';
  readonly url: (region: string) => string;
  readonly contentType: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

const TIMEOUT_MS = 30_000;
/** Errors of a clock that is off; the answer's `Date` says by how much. */
const SKEWED = /RequestTimeTooSkewed|Signature (?:expired|not yet current)|RequestExpired/;
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/;

/** Sends a request signed with SigV4. A clock that is off is corrected once. @throws DeliveryError */
export async function sendSigned(
  client: HttpClient,
  config: AwsCredentialsConfig,
  request: AwsRequest,
  parts: ReceiverParts,
): Promise<HttpResponse> {
  const credentials = await readCredentials(config, parts.secrets);
  const first = await attempt(client, credentials, request, parts.clock.now());
  const serverTime = Date.parse(first.headers['date'] ?? '');
  const skewed = first.status >= 400 && SKEWED.test(bodyText(first)) && !Number.isNaN(serverTime);
  const response = skewed ? await attempt(client, credentials, request, serverTime) : first;
  if (response.status >= 200 && response.status < 300) return response;
  throw failure(response);
}

function failure(response: HttpResponse): DeliveryError {
  const said = bodyText(response).slice(0, 500);
  const type = response.headers['x-amzn-errortype'] ?? '';
  const passing = response.status >= 500 || response.status === 429 || THROTTLED.test(said + type);
  const sandbox = /not verified/i.test(said)
    ? ' (in the SES sandbox sender and recipients must be verified first, see docs/receivers.md)'
    : '';
  const shown = [type.split(':')[0], said].filter(Boolean).join(' ');
  return new DeliveryError(`unexpected status code ${response.status}: ${shown}${sandbox}`, {
    retry: passing,
    status: response.status,
  });
}

async function attempt(
  client: HttpClient,
  credentials: AwsCredentials,
  request: AwsRequest,
  now: number,
): Promise<HttpResponse> {
  const url = request.url(credentials.region);
  const signed = await new AwsV4Signer({
    url,
    method: 'POST',
    headers: { 'content-type': request.contentType },
    body: request.body,
    service: request.service,
    region: credentials.region,
    accessKeyId: credentials.accessKey,
    secretAccessKey: credentials.secretKey,
    datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ''),
    allHeaders: false,
    ...(credentials.sessionToken && { sessionToken: credentials.sessionToken }),
  }).sign();
  try {
    return await client.request({
      method: 'POST',
      url,
      headers: { ...Object.fromEntries(signed.headers), 'content-type': request.contentType },
      body: request.body,
      timeoutMs: TIMEOUT_MS,
      signal: request.signal,
      maxBytes: 1 << 20,
    });
  } catch (error) {
    throw new DeliveryError((error as Error).message, { retry: true, cause: error });
  }
}
