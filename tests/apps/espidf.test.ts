/**
 * The sockets of the ESP32 and the TLS engine, compiled for an ESP32-C3 by Debian's cross compiler (gcc-riscv64-unknown-elf,
 * with picolibc-riscv64-unknown-elf) with the headers of ESP-IDF: names that clash and types that differ show. Nothing is
 * linked.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findSdk } from "../../scripts/sdk.js";
import { describeIf } from "../support/describeif.js";

const HOST = path.join(__dirname, "..", "..", "hosts", "moddable");
const FOLDER = path.join(HOST, "lwip");
const COMPILER = "riscv64-unknown-elf-gcc";

const idf = process.env["IDF_PATH"] ?? "";
const components = path.join(idf, "components");
const lwip = path.join(components, "lwip", "lwip", "src", "include");
const mbedtls = path.join(components, "mbedtls", "mbedtls");
const sdk = findSdk();
const hasCompiler = sdk !== undefined && spawnSync(COMPILER, ["--version"]).status === 0;

/** What the headers want of a configuration, beside the sizes that the sockets depend on. */
const SETTINGS: Readonly<Record<string, number | string>> = {
  FREERTOS_HZ: 100,
  FREERTOS_IDLE_TASK_STACKSIZE: 1536,
  FREERTOS_MAX_TASK_NAME_LEN: 16,
  FREERTOS_NUMBER_OF_CORES: 1,
  FREERTOS_QUEUE_REGISTRY_SIZE: 0,
  FREERTOS_TASK_NOTIFICATION_ARRAY_ENTRIES: 1,
  FREERTOS_TIMER_QUEUE_LENGTH: 10,
  FREERTOS_TIMER_TASK_PRIORITY: 1,
  FREERTOS_TIMER_TASK_STACK_DEPTH: 2048,
  FREERTOS_UNICORE: 1,
  IDF_TARGET: '"esp32c3"',
  IDF_TARGET_ARCH_RISCV: 1,
  IDF_TARGET_ESP32C3: 1,
  LOG_DEFAULT_LEVEL: 3,
  LOG_MAXIMUM_LEVEL: 3,
  LWIP_DHCP_COARSE_TIMER_SECS: 1,
  LWIP_ESP_LWIP_ASSERT: 1,
  LWIP_IPV4: 1,
  LWIP_IPV6: 1,
  LWIP_IPV6_NUM_ADDRESSES: 3,
  LWIP_MAX_ACTIVE_TCP: 16,
  LWIP_MAX_LISTENING_TCP: 16,
  LWIP_SO_REUSE: 1,
  LWIP_TCPIP_RECVMBOX_SIZE: 32,
  LWIP_TCPIP_TASK_PRIO: 18,
  LWIP_TCP_MAXRTX: 12,
  LWIP_TCP_MSL: 60_000,
  LWIP_TCP_MSS: 1436,
  LWIP_TCP_OOSEQ_MAX_PBUFS: 4,
  LWIP_TCP_OOSEQ_TIMEOUT: 6,
  LWIP_TCP_OVERSIZE_MSS: 1,
  LWIP_TCP_QUEUE_OOSEQ: 1,
  LWIP_TCP_RTO_TIME: 3000,
  LWIP_TCP_SND_BUF_DEFAULT: 5744,
  LWIP_TCP_SYNMAXRTX: 6,
  LWIP_TCP_TMR_INTERVAL: 250,
  LWIP_TCP_WND_DEFAULT: 5744,
  SOC_CPU_CORES_NUM: 1,
};

/** The folders of headers in `components`; those of one release of ESP-IDF may not be in another. */
const HEADERS = [
  "lwip/port/include lwip/port/freertos/include lwip/port/esp32xx/include lwip/include",
  "freertos/FreeRTOS-Kernel/include freertos/FreeRTOS-Kernel/portable/riscv/include",
  "freertos/FreeRTOS-Kernel/portable/riscv/include/freertos freertos/config/include freertos/config/include/freertos",
  "freertos/config/riscv/include freertos/esp_additions/include esp_common/include esp_system/include",
  "esp_hw_support/include soc/include soc/esp32c3/include soc/esp32c3/register hal/include hal/platform_port/include",
  "hal/esp32c3/include heap/include riscv/include esp_rom/include esp_rom/esp32c3/include esp_libc/platform_include",
  "newlib/platform_include esp_timer/include esp_netif/include esp_event/include log/include esp_eth/include vfs/include",
  "pthread/include esp_partition/include spi_flash/include esp_blockdev/include esp_mm/include bootloader_support/include",
].flatMap((line) => line.split(" "));

/** In the folder of what is compiled. */
function writeHeaders(output: string, settings: Readonly<Record<string, number | string>>): void {
  mkdirSync(output, { recursive: true });
  const lines = Object.entries(settings).map(([name, value]) => `#define CONFIG_${name} ${value}\n`);
  writeFileSync(path.join(output, "sdkconfig.h"), lines.join(""));
  writeFileSync(path.join(output, "mc.defines.h"), "");
}

/** @returns what the compiler says of a file */
function compile(file: string, output: string, headers: readonly string[]): { status: number | null; stderr: string } {
  const moddable = sdk?.folder ?? "";
  const theirs = [
    ...HEADERS.map((folder) => path.join(components, folder)),
    ...headers,
    ...[
      "xs/includes",
      "xs/platforms/esp",
      "modules/io/common",
      "modules/base/timer",
      "modules/base/instrumentation",
    ].map((folder) => path.join(moddable, folder)),
  ];
  const parameters = [
    ..."-march=rv32imc_zicsr_zifencei -mabi=ilp32 --specs=picolibc.specs -std=gnu17 -c -Os -Wall -Wextra -Werror".split(
      " ",
    ),
    // A native function of XS need not use `the`.
    "-Wno-unused-parameter",
    // As the SDK's makefile for the ESP32 has it; the last one is of a level of interrupts that the C3 does not have.
    ..."-D__ets__ -U__STRICT_ANSI__ -DESP32=4 -DESP_PLATFORM -DmxUseDefaultSharedChunks=1 -DRVHAL_EXCM_LEVEL_CLIC=4".split(
      " ",
    ),
    `-I${output}`,
    ...theirs.flatMap((folder) => ["-isystem", folder]),
    file,
    "-o",
    path.join(output, `${path.basename(file)}.o`),
  ];
  const { status, stderr } = spawnSync(COMPILER, parameters, { encoding: "utf8" });
  return { status, stderr };
}

function sourcesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".c"));
}

const hasLwip = hasCompiler && existsSync(path.join(lwip, "lwip", "tcp.h"));
describeIf(hasLwip, `${COMPILER}, ESP-IDF with lwIP at $IDF_PATH and the SDK`, "the ESP32's sockets", () => {
  const output = path.resolve("build", "espidf");

  beforeAll(() => {
    writeHeaders(output, SETTINGS);
    // mcconfig numbers the names that the C code uses.
    const sources = readdirSync(FOLDER).map((name) => readFileSync(path.join(FOLDER, name), "utf8"));
    const names = new Set(sources.join("").match(/xsID_\w+/g));
    writeFileSync(path.join(output, "mc.xs.h"), [...names].map((name, index) => `#define ${name} ${index}\n`).join(""));
  });

  test.each(sourcesIn(FOLDER))("%s compiles without warnings", (name) => {
    expect(compile(path.join(FOLDER, name), output, [lwip])).toEqual({ status: 0, stderr: "" });
  });
});

/** ESP-IDF's defaults for TLS, as far as the engine knows of them. */
const TLS_SETTINGS = Object.fromEntries(
  [
    "ASN1_PARSE_C ASN1_WRITE_C PK_C PK_PARSE_C PK_WRITE_C X509_USE_C X509_CRT_PARSE_C X509_RSASSA_PSS_SUPPORT BIGNUM_C",
    "TLS_ENABLED TLS_SERVER TLS_CLIENT TLS_SERVER_AND_CLIENT SSL_PROTO_TLS1_2 SSL_ALPN SSL_SERVER_NAME_INDICATION",
    "CLIENT_SSL_SESSION_TICKETS SERVER_SSL_SESSION_TICKETS SSL_MAX_FRAGMENT_LENGTH SSL_RENEGOTIATION SSL_CACHE_C",
    "KEY_EXCHANGE_RSA KEY_EXCHANGE_ELLIPTIC_CURVE KEY_EXCHANGE_ECDHE_RSA KEY_EXCHANGE_ECDHE_ECDSA PKCS1_V15 PKCS1_V21",
    "AES_C CIPHER_MODE_CBC GCM_C CCM_C MD_C SHA1_C SHA256_C SHA384_C SHA512_C RSA_C ECP_C ECDH_C ECDSA_C HAVE_TIME",
    "ECP_DP_SECP256R1_ENABLED ECP_DP_SECP384R1_ENABLED ECP_DP_SECP521R1_ENABLED ECP_DP_CURVE25519_ENABLED ERROR_STRINGS",
    "CTR_DRBG_C HMAC_DRBG_C ASYMMETRIC_CONTENT_LEN CERTIFICATE_BUNDLE INTERNAL_MEM_ALLOC",
  ].flatMap((line) => line.split(" ").map((name) => [`MBEDTLS_${name}`, 1])),
) as Readonly<Record<string, number>>;

const hasMbedtls = hasCompiler && existsSync(path.join(mbedtls, "include", "mbedtls", "ssl.h"));
describeIf(hasMbedtls, `${COMPILER}, ESP-IDF with mbedTLS at $IDF_PATH and the SDK`, "TLS on the ESP32", () => {
  const folder = path.join(HOST, "tls");
  const theirs = [
    ...["port/include", "esp_crt_bundle/include"].map((name) => path.join(components, "mbedtls", name)),
    ...["include", "tf-psa-crypto/include", "tf-psa-crypto/drivers/builtin/include"].map((name) =>
      path.join(mbedtls, name),
    ),
  ];
  const client = { MBEDTLS_SSL_KEEP_PEER_CERTIFICATE: 1 };
  const kinds: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    "ESP-IDF's defaults": {},
    "what the samples set": { ...client, MBEDTLS_DYNAMIC_BUFFER: 1 },
    "TLS 1.3 and client certificates": {
      ...client,
      MBEDTLS_SSL_PROTO_TLS1_3: 1,
      MBEDTLS_SSL_TLS1_3_KEXM_EPHEMERAL: 1,
      MBEDTLS_SSL_TLS1_3_KEXM_PSK_EPHEMERAL: 1,
      MBEDTLS_X509_TRUSTED_CERT_CALLBACK: 1,
    },
  };

  describe.each(Object.keys(kinds))("with %s", (kind) => {
    const output = path.resolve("build", "espidf", kind.replaceAll(/\W/g, "-"));

    beforeAll(() => {
      writeHeaders(output, {
        ...SETTINGS,
        ...TLS_SETTINGS,
        MBEDTLS_SSL_IN_CONTENT_LEN: 16_384,
        MBEDTLS_SSL_OUT_CONTENT_LEN: 4_096,
        ...kinds[kind],
      });
    });

    test.each(sourcesIn(folder))("%s compiles without warnings", (name) => {
      expect(compile(path.join(folder, name), output, theirs)).toEqual({ status: 0, stderr: "" });
    });
  });
});
