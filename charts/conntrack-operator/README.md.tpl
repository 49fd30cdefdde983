# conntrack-operator

Keeps the Linux connection tracking table of every node from filling up: a `ConntrackPolicy` says what is wanted for which
nodes, an agent on each selected node sets it and keeps it set, and the policy's status says how every node is doing.

## Install

    kubectl create namespace conntrack-system
    kubectl label namespace conntrack-system pod-security.kubernetes.io/enforce=privileged
    helm install conntrack-operator charts/conntrack-operator --namespace conntrack-system --set image.registry=YOURS

Needs Kubernetes 1.30 or newer. The label lets the agents have what they need where Pod Security admission is in force (the
host's network, NET_ADMIN, host paths; docs/security.md says why). `YOURS` is the registry that holds the images: none are
published yet, `build/images.sh` makes them.

Nothing happens to a node before a policy selects it. Without policies there are no agents.

## Upgrade

    helm upgrade conntrack-operator charts/conntrack-operator --namespace conntrack-system --reset-then-reuse-values

keeps your values. (`--reuse-values` would take the defaults of the chart before along too, and those that are gone are refused.) It
upgrades the CRDs too, since they are templates of the chart. Agents are replaced a few at a time (`agent.maxUnavailable`); nodes
keep their settings meanwhile, and while the controller is away. (With `crds.install=false` the CRDs are somebody else's to
upgrade, before the release: `kubectl apply --server-side -f charts/conntrack-operator/files/crds`.)

## Metrics, alerts, dashboards, OTLP

Off until asked for: `metrics.*`, `prometheusRule.*`, `dashboards.*`, `telemetry.otlp.*`. docs/guide.md has them together,
docs/security.md what each opens, docs/runbooks what to do about each alert.

## Uninstall

    helm uninstall conntrack-operator --namespace conntrack-system

A hook deletes all policies first and waits until the nodes have put back what was there before (`uninstall.restoreNodes`). If
it can't, `helm uninstall` fails and nothing is removed: the log of the Job `…-uninstall` says which nodes are in the way, and
`helm uninstall --no-hooks` removes the release as it is. The CRDs stay (`crds.keep`); to remove them as well:

    kubectl delete crd -l app.kubernetes.io/part-of=conntrack-operator

On the nodes, the directory `agent.stateDirectory` stays, with some kilobytes.

## Values

`values.schema.json` is strict: a value that does not exist or can't be is refused, with its path.

@VALUES@

This file is made of `README.md.tpl`, `values.yaml` and `values.schema.json` by `charts/generate.sh`.
