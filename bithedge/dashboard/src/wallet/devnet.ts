/** The devnet wallet: signs in the page with one of the network's published keys. */

import {
  Cl,
  deserializeTransaction,
  privateKeyToPublic,
  publicKeyToHex,
  signStructuredData,
  TransactionSigner,
} from "@stacks/transactions";
import { bare, prefixed } from "../domain/hex";
import type { SignedMessage, Wallet } from "./wallet";

export class DevnetWallet implements Wallet {
  readonly #key: string;

  constructor(
    readonly address: string,
    privateKey: string,
  ) {
    this.#key = bare(privateKey);
  }

  async signMessage(domain: string, message: string): Promise<SignedMessage> {
    const signature = signStructuredData({
      domain: Cl.deserialize(bare(domain)),
      message: Cl.deserialize(bare(message)),
      privateKey: this.#key,
    });
    return {
      signature: prefixed(signature),
      public_key: prefixed(publicKeyToHex(privateKeyToPublic(this.#key))),
    };
  }

  async signTransaction(unsigned: string): Promise<string> {
    const signer = new TransactionSigner(deserializeTransaction(bare(unsigned)));
    signer.signOrigin(this.#key);
    return prefixed(signer.getTxInComplete().serialize());
  }
}
