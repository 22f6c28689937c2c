import { readFileSync } from 'node:fs';
import type { Certificate, ConnectionOptions, PeerCertificate, TLSSocket } from 'node:tls';
import type { Exposition } from '../exposition.ts';
import type { HttpProbe } from './config.ts';

/** @throws Error where a file cannot be read */
export function tlsOptions(config: HttpProbe['tls_config'], host: string): ConnectionOptions {
  return {
    servername: config.server_name ?? host,
    rejectUnauthorized: !config.insecure_skip_verify,
    ...(config.ca_file === undefined ? {} : { ca: readFileSync(config.ca_file) }),
    ...(config.cert_file === undefined ? {} : { cert: readFileSync(config.cert_file) }),
    ...(config.key_file === undefined ? {} : { key: readFileSync(config.key_file) }),
  };
}

/** What the handshake told, under blackbox_exporter's names. */
export function addTls(socket: TLSSocket, out: Exposition): void {
  const chain: PeerCertificate[] = [];
  let certificate = socket.getPeerCertificate(true);
  // The root refers to itself.
  while (
    certificate?.valid_to &&
    !chain.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256)
  ) {
    chain.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  const expiries = chain.map(({ valid_to }) => Date.parse(valid_to) / 1000);
  if (expiries.length > 0) {
    out.gauge(
      'probe_ssl_earliest_cert_expiry',
      'Earliest end among the certificates, as unix time.',
      Math.min(...expiries),
    );
  }
  const [leaf] = chain;
  // An untrusted chain was accepted only because the module said so.
  if (leaf && socket.authorized) {
    out.gauge(
      'probe_ssl_last_chain_expiry_timestamp_seconds',
      'When the verified chain ends, as unix time.',
      Math.min(...expiries),
    );
    out.gauge('probe_ssl_last_chain_info', 'Always 1; facts about the certificate are in the labels.', 1, {
      fingerprint_sha256: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
      issuer: distinguishedName(leaf.issuer),
      serialnumber: leaf.serialNumber.toLowerCase(),
      subject: distinguishedName(leaf.subject),
      subjectalternative: (leaf.subjectaltname ?? '')
        .replaceAll(/(?:DNS|IP Address):/g, '')
        .replaceAll(', ', ','),
    });
  }
  out.gauge('probe_tls_cipher_info', 'Always 1; the cipher is in the label.', 1, {
    cipher: socket.getCipher().standardName,
  });
  out.gauge('probe_tls_version_info', 'Always 1; the version is in the label.', 1, {
    version: (socket.getProtocol() ?? 'unknown').replace('TLSv', 'TLS '),
  });
}

/** As Go prints it: `CN=name,O=organisation`. */
function distinguishedName(name: Certificate | undefined): string {
  return Object.entries(name ?? {})
    .reverse()
    .map(([key, value]) => `${key}=${[value].flat().join('+')}`)
    .join(',');
}
