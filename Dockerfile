# The images of conntrack-operator:
#
#   docker build --target agent .        runs on every node: one Native AOT program
#   docker build --target controller .   plans for the cluster
#   docker build --target cli .          kubectl-conntrack, for jobs and for hosts without Kubernetes
#
# linux/amd64 and linux/arm64; Native AOT compiles for the architecture that it runs on, so a builder of the same one is needed.
# A NuGet configuration of one's own comes in as a secret: --secret id=nuget,src=NuGet.Config. Where base images can't be pulled,
# build/standin-bases.sh makes stand-ins of the same names.

ARG BASE_REGISTRY=mcr.microsoft.com/dotnet
ARG SDK_TAG=10.0
# Chiseled: neither shell nor package manager, and a user 1654 to run as.
ARG RUNTIME_TAG=10.0-noble-chiseled

FROM ${BASE_REGISTRY}/sdk:${SDK_TAG} AS sdk
# CI: deterministic paths in what is compiled.
ENV CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# true: restore exactly what the packages.lock.json files say, or fail.
ARG RESTORE_LOCKED=false
WORKDIR /src
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/ src/

FROM sdk AS build-agent
# Native AOT needs a linker; the plain SDK image has none.
RUN command -v clang || command -v gcc || { apt-get update && apt-get install --yes --no-install-recommends clang && rm -rf /var/lib/apt/lists/*; }
RUN --mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config \
    dotnet publish src/ConntrackOperator.Agent --configuration Release --use-current-runtime -p:RestoreLockedMode=${RESTORE_LOCKED} --output /out \
    && rm -f /out/*.dbg /out/*.xml

FROM sdk AS build-controller
RUN --mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config \
    dotnet publish src/ConntrackOperator.Controller --configuration Release -p:UseAppHost=false -p:DebugType=none -p:RestoreLockedMode=${RESTORE_LOCKED} --output /out \
    && rm -f /out/*.xml

FROM sdk AS build-cli
RUN --mount=type=secret,id=nuget,target=/root/.nuget/NuGet/NuGet.Config \
    dotnet publish src/ConntrackOperator.Cli --configuration Release -p:UseAppHost=false -p:DebugType=none -p:RestoreLockedMode=${RESTORE_LOCKED} --output /out \
    && rm -f /out/*.xml

FROM ${BASE_REGISTRY}/runtime-deps:${RUNTIME_TAG} AS agent
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="conntrack-operator agent" \
      org.opencontainers.image.description="Keeps a node's connection tracking as its ConntrackNode says" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
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
COPY --from=build-cli /out /usr/local/lib/kubectl-conntrack
# What it does with the cluster needs no root; for the commands under `host`, run it as 0:0 with NET_ADMIN.
USER 1654:1654
ENTRYPOINT ["dotnet", "/usr/local/lib/kubectl-conntrack/kubectl-conntrack.dll"]
