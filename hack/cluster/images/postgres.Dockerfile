# PostgreSQL for development and tests, from Debian's own package, as no root. Not for production.
# It takes what the official image takes: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, PGDATA.
ARG BASE_IMAGE=debian:bookworm-slim
FROM ${BASE_IMAGE}
# Unpacked and never configured: the packages' scripts would make a user, a certificate and a database of their own.
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --download-only postgresql >/dev/null \
 && dpkg --unpack --force-depends /var/cache/apt/archives/*.deb >/dev/null \
 && ldconfig \
 && ln -s "$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres)")" /usr/lib/postgresql/bin \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /usr/share/doc /usr/share/man \
      /usr/lib/postgresql/bin/../lib/llvmjit* /usr/lib/*/libLLVM* \
 && echo 'imagebatch:x:65532:65532::/tmp:/usr/sbin/nologin' >>/etc/passwd
COPY hack/cluster/images/postgres-entrypoint.sh /usr/local/bin/
ENV PATH=/usr/lib/postgresql/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data
USER 65532:65532
# Its end at once: without it Postgres waits for every client to leave.
STOPSIGNAL SIGINT
EXPOSE 5432
ENTRYPOINT ["/bin/sh", "/usr/local/bin/postgres-entrypoint.sh"]
