# The images of conntrack-operator:
#
#   docker build --target agent .        runs on every node: one Native AOT program
#   docker build --target controller .   plans for the cluster
#   docker build --target cli .          kubectl-conntrack, for jobs and for hosts without Kubernetes
#
# linux/amd64 and linux/arm64, the one built on the other as well: --platform linux/arm64 compiles across, nothing is emulated.
# A NuGet configuration of one's own comes in as a secret: --secret id=nuget,src=NuGet.Config. Where base images can't be pulled,
# build/standin-bases.sh makes stand-ins of the same names.
#
# Each image has its bill of materials (CycloneDX) in /usr/share/sbom.

ARG BASE_REGISTRY=mcr.microsoft.com/dotnet
# The lock files name the compilers' packages too, and those come with the SDK: a newer one needs build/update-locks.sh.
ARG SDK_TAG=10.0.401
# Chiseled: neither shell nor package manager, and a user 1654 to run as.
ARG RUNTIME_TAG=10.0-noble-chiseled

FROM --platform=${BUILDPLATFORM} ${BASE_REGISTRY}/sdk:${SDK_TAG} AS sdk
# CI: deterministic paths in what is compiled.
ENV CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /src
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY build/sbom.cs build/
COPY src/ src/

FROM sdk AS build-agent
# true: restore exactly what the packages.lock.json files say, or fail.
ARG RESTORE_LOCKED=true
# Set by BuildKit; where nothing sets it, the builder's own.
ARG TARGETARCH
# Native AOT needs a linker, and for another architecture than the builder's its C library; the plain SDK image has neither.
RUN builder=$(dpkg --print-architecture) target=${TARGETARCH:-$(dpkg --print-architecture)}; \
    if [ "${target}" = "${builder}" ]; then \
      command -v clang || command -v gcc || packages=clang; \
    else \
      case ${target} in \
        arm64) packages="clang gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;; \
        amd64) packages="clang gcc-x86-64-linux-gnu libc6-dev-amd64-cross" ;; \
      esac; \
    fi; \
    [ -z "${packages}" ] || { apt-get update && apt-get install --yes --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*; }
RUN --mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config \
    builder=$(dpkg --print-architecture) && target=${TARGETARCH:-${builder}} \
    && case ${target} in amd64) system=linux-x64 gnu=x86_64-linux-gnu ;; arm64) system=linux-arm64 gnu=aarch64-linux-gnu ;; esac \
    && if [ "${target}" = "${builder}" ]; then across=; else across=-p:ObjCopyName=${gnu}-objcopy; fi \
    && dotnet publish src/ConntrackOperator.Agent --configuration Release --runtime ${system} ${across} -p:RestoreLockedMode=${RESTORE_LOCKED} --output /out \
    && dotnet run build/sbom.cs -- src/ConntrackOperator.Agent net10.0/${system} /sbom/conntrack-agent.cdx.json

FROM sdk AS build-controller
ARG RESTORE_LOCKED=true
RUN --mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config \
    dotnet publish src/ConntrackOperator.Controller --configuration Release -p:UseAppHost=false -p:DebugType=none -p:RestoreLockedMode=${RESTORE_LOCKED} --output /out \
    && rm -f /out/*.xml \
    && dotnet run build/sbom.cs -- src/ConntrackOperator.Controller net10.0 /sbom/conntrack-controller.cdx.json

FROM sdk AS build-cli
ARG RESTORE_LOCKED=true
ARG TARGETARCH
# For one system, since it is compiled ahead: a command lives for half a second, and the compiler would take as long again.
RUN --mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config \
    case ${TARGETARCH:-$(dpkg --print-architecture)} in amd64) system=linux-x64 ;; arm64) system=linux-arm64 ;; esac \
    && dotnet publish src/ConntrackOperator.Cli --configuration Release --runtime ${system} --no-self-contained -p:UseAppHost=false -p:DebugType=none -p:RestoreLockedMode=${RESTORE_LOCKED} --output /out \
    && rm -f /out/*.xml \
    && dotnet run build/sbom.cs -- src/ConntrackOperator.Cli net10.0/${system} /sbom/kubectl-conntrack.cdx.json

FROM ${BASE_REGISTRY}/runtime-deps:${RUNTIME_TAG} AS agent
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="conntrack-operator agent" \
      org.opencontainers.image.description="Keeps a node's connection tracking as its ConntrackNode says" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build-agent /sbom /usr/share/sbom
COPY --from=build-agent /out/conntrack-agent /usr/local/bin/conntrack-agent
# Root, with all capabilities but NET_ADMIN dropped by the chart. Kubernetes hands a capability on to root alone (it sets no
# ambient ones), and the files of the settings, of the slab sizes and of the agent's state belong to root.
USER 0:0
ENTRYPOINT ["/usr/local/bin/conntrack-agent"]

FROM ${BASE_REGISTRY}/runtime:${RUNTIME_TAG} AS controller
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="conntrack-operator controller" \
      org.opencontainers.image.description="Plans connection tracking for each node from the cluster's ConntrackPolicies" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The runtime's diagnostics would want a socket in /tmp, and the root is read-only.
ENV DOTNET_EnableDiagnostics=0
COPY --from=build-controller /sbom /usr/share/sbom
COPY --from=build-controller /out /usr/local/lib/conntrack-controller
USER 1654:1654
ENTRYPOINT ["dotnet", "/usr/local/lib/conntrack-controller/conntrack-controller.dll"]

FROM ${BASE_REGISTRY}/runtime:${RUNTIME_TAG} AS cli
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kubectl-conntrack" \
      org.opencontainers.image.description="Connection tracking of a cluster's nodes, and of a host without Kubernetes" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV DOTNET_EnableDiagnostics=0
COPY --from=build-cli /sbom /usr/share/sbom
COPY --from=build-cli /out /usr/local/lib/kubectl-conntrack
# What it does with the cluster needs no root; for the commands under `host`, run it as 0:0 with NET_ADMIN.
USER 1654:1654
ENTRYPOINT ["dotnet", "/usr/local/lib/kubectl-conntrack/kubectl-conntrack.dll"]
