/** What a wallet does for this page; each kind of wallet is one file. */

export interface SignedMessage {
  /** 65 bytes, R S V, hex with 0x. */
  signature: string;
  /** 33 bytes, compressed, hex with 0x. */
  public_key: string;
}

export interface Wallet {
  readonly address: string;
  /** Sign a SIP-018 message; both arguments are serialised Clarity values in hex. */
  signMessage(domain: string, message: string): Promise<SignedMessage>;
  /** Sign a prepared transaction and return its bytes in hex, changing nothing else. */
  signTransaction(unsigned: string): Promise<string>;
}
