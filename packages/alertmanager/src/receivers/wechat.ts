import { secret } from '@prunella/metrics/config';
import type { HttpClient, HttpResponse } from '@prunella/metrics/http';
import * as v from 'valibot';
import {
  hasSecret,
  objectOf,
  optional,
  readSecret,
  secretEntries,
  secretFault,
  text,
  url,
  type SecretFields,
} from '../config/fields.ts';
import { templateData } from '../template/data.ts';
import { bodyText, send, sendJson } from './http.ts';
import {
  commonEntries,
  DeliveryError,
  receiverKind,
  type CommonConfig,
  type ReceiverKind,
  type ReceiverParts,
} from './receiver.ts';

interface WechatConfig extends CommonConfig, SecretFields<'api_secret'> {
  readonly api_url?: string;
  readonly corp_id?: string;
  readonly message?: string;
  readonly message_type?: 'text' | 'markdown';
  readonly to_user?: string;
  readonly to_party?: string;
  readonly to_tag?: string;
  readonly agent_id?: string;
}

const API_URL = 'https://qyapi.weixin.qq.com/cgi-bin/';
/** Where the answer does not say how long a token lives, ms. */
const TOKEN_LIFE_MS = 7_200_000;
/** A token is asked for anew this long before it ends, ms. */
const TOKEN_MARGIN_MS = 60_000;
/** https://developer.work.weixin.qq.com/document/path/90313: the token is invalid, missing or expired. */
const TOKEN_ERRORS = [40_014, 41_001, 42_001];
const BUSY_ERRORS = [-1, 45_009];

/** `wechat_configs`: an application of WeCom (WeChat Work). */
export const wechat: ReceiverKind = receiverKind<WechatConfig>({
  name: 'wechat',
  sendResolved: false,
  schema: objectOf<WechatConfig>({
    ...commonEntries,
    ...secretEntries(secret, 'api_secret'),
    ...optional(url, 'api_url'),
    ...optional(text, 'corp_id', 'message', 'to_user', 'to_party', 'to_tag', 'agent_id'),
    message_type: v.optional(v.picklist(['text', 'markdown'], 'expected text or markdown')),
  }),
  check: (config, global) => {
    if (!hasSecret(config, 'api_secret') && !hasSecret(global, 'wechat_api_secret'))
      return 'no global Wechat Api Secret set either inline or in a file';
    if (!(config.corp_id ?? global.wechat_api_corp_id)) return 'no global Wechat CorpID set';
    return secretFault(config, 'api_secret');
  },
  create: (config, parts) => {
    const client = parts.http(config.http_config);
    const base = (config.api_url ?? parts.global.wechat_api_url ?? API_URL).replace(/\/*$/, '/');
    const tokens = new Tokens(client, base, parts);
    return async (notification, signal) => {
      const data = templateData(notification, parts.externalUrl);
      const expand = (template: string | undefined, fallback = ''): string =>
        parts.templates.text(template ?? fallback, data);
      const secretText = expand(await apiSecret(config, parts));
      const corpId = expand(config.corp_id ?? parts.global.wechat_api_corp_id);
      const token = await tokens.get(corpId, secretText, signal);
      const address = `${base}message/send?access_token=${encodeURIComponent(token)}`;
      const response = await sendJson(client, address, message(config, expand), { signal });
      try {
        checkAnswer(response, 'wechat refused the message');
      } catch (error) {
        // The next attempt begins with a token of its own.
        tokens.forget();
        throw error;
      }
      return `${response.status} ${bodyText(response)}`;
    };
  },
});

async function apiSecret(config: WechatConfig, { global, secrets }: ReceiverParts): Promise<string> {
  const own = await readSecret(config, 'api_secret', secrets);
  return own ?? (await readSecret(global, 'wechat_api_secret', secrets)) ?? '';
}

/** https://developer.work.weixin.qq.com/document/path/90236 */
function message(
  config: WechatConfig,
  expand: (template: string | undefined, fallback?: string) => string,
): object {
  const type = config.message_type ?? 'text';
  const content = expand(config.message, '{{ template "wechat.default.message" . }}');
  return {
    touser: expand(config.to_user, '{{ template "wechat.default.to_user" . }}'),
    toparty: expand(config.to_party, '{{ template "wechat.default.to_party" . }}'),
    totag: expand(config.to_tag, '{{ template "wechat.default.to_tag" . }}'),
    agentid: expand(config.agent_id, '{{ template "wechat.default.agent_id" . }}'),
    safe: '0',
    msgtype: type,
    text: { content: type === 'text' ? content : '' },
    markdown: { content: type === 'markdown' ? content : '' },
  };
}

/** Errors come with status 200 and a number. @throws DeliveryError */
function checkAnswer(response: HttpResponse, what: string): Answer {
  const said = bodyText(response);
  const answer = parseAnswer(said);
  const { errcode = 0, errmsg = said } = answer;
  if (errcode === 0 && said !== '') return answer;
  const retry = TOKEN_ERRORS.includes(errcode) || BUSY_ERRORS.includes(errcode);
  throw new DeliveryError(`${what}: ${errcode} ${errmsg.slice(0, 500)}`.trim(), { retry });
}

interface Answer {
  readonly errcode?: number;
  readonly errmsg?: string;
  readonly access_token?: string;
  /** s */
  readonly expires_in?: number;
}

function parseAnswer(said: string): Answer {
  try {
    return JSON.parse(said) as Answer;
  } catch {
    throw new DeliveryError(`not an answer of wechat: ${said.slice(0, 500)}`, { retry: false });
  }
}

/** A message needs a token, and a token serves many messages. */
class Tokens {
  readonly #client: HttpClient;
  readonly #base: string;
  readonly #now: () => number;
  readonly #onToken: (token: string) => void;
  #known: { readonly owner: string; readonly token: string; readonly until: number } | undefined;

  constructor(client: HttpClient, base: string, { clock, secrets }: ReceiverParts) {
    this.#client = client;
    this.#base = base;
    this.#now = () => clock.now();
    this.#onToken = (token) => secrets.onReveal?.(token);
  }

  async get(corpId: string, secretText: string, signal: AbortSignal): Promise<string> {
    const owner = `${corpId} ${secretText}`;
    if (this.#known?.owner === owner && this.#now() < this.#known.until) return this.#known.token;
    const query = new URLSearchParams({ corpid: corpId, corpsecret: secretText }).toString();
    const request = { method: 'GET', url: `${this.#base}gettoken?${query}`, signal };
    const response = await send(this.#client, request);
    const { access_token: token = '', expires_in: seconds } = checkAnswer(response, 'wechat gave no token');
    if (token === '')
      throw new DeliveryError('wechat gave no token: check corp_id and api_secret', { retry: false });
    const life = seconds === undefined ? TOKEN_LIFE_MS : seconds * 1000;
    this.#onToken(token);
    this.#known = { owner, token, until: this.#now() + life - TOKEN_MARGIN_MS };
    return token;
  }

  forget(): void {
    this.#known = undefined;
  }
}
