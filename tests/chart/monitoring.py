#!/usr/bin/env python3
"""Checks dashboards, alerts and docs/metrics.md against each other. Prints "ok NAME" or "FAIL NAME: why", a check a line.

  monitoring.py check ALERTS.json METRICS.md RUNBOOKS DASHBOARD.json...
  monitoring.py rules DASHBOARD.json...     every expression of the dashboards as a rules file, for promtool to parse
  monitoring.py scraped URL METRICS.md      what a Prometheus has scraped against the table
  monitoring.py ask URL NODE DASHBOARD.json...   every panel with a Prometheus; those that show nothing, one a line
"""
import json
import os
import re
import sys
import urllib.parse
import urllib.request

# What Prometheus and the chart's monitors put on every series.
TARGET_LABELS = {"job", "instance", "namespace", "node", "pod"}
SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
# Not the programs' own.
FOREIGN = {"up", "ALERTS"}
KEYWORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "inf", "nan"}
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}")
MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
failed = False


def report(name, problems):
    global failed
    failed = failed or bool(problems)
    print(f"FAIL {name}: {'; '.join(problems)}" if problems else f"ok   {name}")


def without_strings(text):
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)


def for_prometheus(expression):
    """Grafana's variables as something that PromQL can parse."""
    expression = expression.replace("$__rate_interval", "5m").replace("$__interval", "1m").replace("$__range", "1h")
    return re.sub(r"\$\{?[a-z]+\}?", "x", expression)


def metrics_of(expression):
    """The metrics of an expression with the matchers of each, and the labels that it groups by."""
    expression = for_prometheus(expression)
    found, grouped = [], set()
    for match in GROUPING.finditer(expression):
        grouped |= {label.strip() for label in match.group(2).split(",") if label.strip()}
    rest = GROUPING.sub(" ", expression)
    for name, matchers in SELECTOR.findall(rest):
        parsed = MATCHER.findall(matchers)
        if MATCHER.sub("", matchers).strip():
            raise ValueError(f"matchers not understood: {matchers}")
        found.append((name, parsed))
    rest = without_strings(SELECTOR.sub(" ", rest))
    rest = re.sub(r"\[[^\]]*\]", " ", rest)
    rest = re.sub(r"\boffset\s+\S+", " ", rest)
    for match in re.finditer(r"[a-zA-Z_:][a-zA-Z0-9_:]*", rest):
        name, after = match.group(), rest[match.end():].lstrip()
        if after.startswith("(") or name.lower() in KEYWORDS or re.match(r"\d", rest[max(0, match.start() - 1):match.start()] or " "):
            continue
        found.append((name, []))
    return found, grouped


def read_table(path):
    """docs/metrics.md: name -> (type, labels, who has it, words of its meaning)."""
    emitted = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == 5 and re.fullmatch(r"`[a-z_]+`", cells[0]):
                labels = {label.strip(" `") for label in cells[2].split(",") if label.strip(" `-–")}
                emitted[cells[0].strip("`")] = (cells[1], labels, cells[3], set(re.findall(r"\w+", cells[4])))
    return emitted


def base(name, emitted):
    for metric, (kind, *_) in emitted.items():
        if any(name == metric + suffix for suffix in SUFFIXES[kind]):
            return metric
    return None


def check_expression(expression, emitted, used):
    """What is wrong with it. Adds the metrics that it reads to used."""
    problems = []
    try:
        found, grouped = metrics_of(expression)
    except ValueError as problem:
        return [str(problem)]
    if not found:
        problems.append(f"reads no metric: {expression}")
    labels_here = set(TARGET_LABELS)
    for name, matchers in found:
        if name in FOREIGN:
            continue
        metric = base(name, emitted)
        if metric is None:
            problems.append(f"{name} is emitted by nobody")
            continue
        used.add(metric)
        kind, labels, origin, words = emitted[metric]
        mine = labels | TARGET_LABELS | ({"le"} if kind == "histogram" else set())
        labels_here |= mine
        # A name that other programs have too says nothing without the job.
        if not metric.startswith("conntrack_") and not any(m[0] == "job" and m[2].startswith("conntrack-") for m in matchers):
            problems.append(f"{name} is also others': it needs a job")
        for label, operator, value in matchers:
            if label not in mine:
                problems.append(f"{name} has no label {label}")
            elif label in labels and value != "x":
                # A value that is written out must be one that the metric has, as its meaning says.
                unknown = [v for v in value.split("|") if v and v not in words]
                if unknown:
                    problems.append(f"{name}: {label} is never {', '.join(unknown)}")
            elif label == "job" and value not in ("conntrack-agent", "conntrack-controller", "conntrack-.*"):
                problems.append(f"no job is called {value}")
            elif label == "job" and origin != "both" and not value.startswith(f"conntrack-{origin}"):
                problems.append(f"{name} is not emitted by {value}")
        if kind == "counter" and not re.search(r"(rate|increase|resets)\(\s*" + re.escape(name), for_prometheus(expression)):
            problems.append(f"{name} is a counter, and read without rate")
    problems += [f"no metric here has the label {label}" for label in grouped - labels_here]
    return problems


def panels_of(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def variables_of(dashboard):
    return [v for v in dashboard["templating"]["list"] if v["type"] == "query"]


def check_layout(dashboard, uids, runbooks):
    problems = []
    if dashboard.get("schemaVersion", 0) < 39:
        problems.append("schemaVersion is below 39")
    if dashboard.get("id") is not None:
        problems.append("has an id of some Grafana")
    panels = list(panels_of(dashboard))
    ids = [panel["id"] for panel in panels]
    if len(ids) != len(set(ids)):
        problems.append("two panels have the same id")
    known = {v["name"] for v in dashboard["templating"]["list"]}
    if "datasource" not in known:
        problems.append("the data source is no variable")
    taken = {}
    for panel in panels:
        title, grid = panel["title"], panel["gridPos"]
        if grid["x"] + grid["w"] > 24:
            problems.append(f"{title}: over the right edge")
        for cell in ((x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])):
            if taken.setdefault(cell, title) != title:
                problems.append(f"{title}: covers {taken[cell]}")
                break
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            problems.append(f"{title}: no description")
        if not panel["fieldConfig"]["defaults"].get("unit"):
            problems.append(f"{title}: no unit")
        references = [target["refId"] for target in panel["targets"]]
        if not references or len(references) != len(set(references)):
            problems.append(f"{title}: its targets' refIds are not unique")
        for source in [panel["datasource"]] + [target["datasource"] for target in panel["targets"]]:
            if source != {"type": "prometheus", "uid": "${datasource}"}:
                problems.append(f"{title}: another data source")
        for variable in re.findall(r"\$\{?([a-z]\w*)", " ".join(target["expr"] for target in panel["targets"])):
            if variable not in known:
                problems.append(f"{title}: no variable {variable}")
    for url in re.findall(r'"url": "([^"]*)"', json.dumps(dashboard)):
        runbook = re.search(r"/runbooks/(\w+)\.md$", url)
        other = re.match(r"/d/([^?/]+)", url)
        if runbook and runbook.group(1) not in runbooks:
            problems.append(f"no such runbook: {runbook.group(1)}")
        if other and other.group(1) not in uids:
            problems.append(f"no such dashboard: {other.group(1)}")
    return problems


ABOUT_THE_TABLE = {"ConntrackTableAlmostFull", "ConntrackTableNearlyFull", "ConntrackTableFullSoon", "ConntrackPacketsDropped",
                   "ConntrackRacesLost", "ConntrackChainsTooLong"}


def check(alerts_path, metrics_path, runbooks_path, dashboard_paths):
    emitted, used = read_table(metrics_path), set()
    report("docs/metrics.md has a table", [] if len(emitted) > 20 else [f"only {len(emitted)} metrics were found in it"])
    with open(alerts_path, encoding="utf-8") as file:
        rules = [rule for group in json.load(file)["groups"] for rule in group["rules"]]
    for rule in rules:
        problems = check_expression(rule["expr"], emitted, used)
        annotations, labels = rule.get("annotations", {}), rule.get("labels", {})
        problems += [f"no {key}" for key in ("summary", "description", "runbook_url") if not annotations.get(key)]
        problems += [f"a value was not put in: {text}" for text in re.findall(r"<\w+>", json.dumps(rule))]
        if labels.get("severity") not in ("warning", "critical"):
            problems.append("no severity")
        if not rule.get("for"):
            problems.append("no for")
        path = annotations.get("runbook_url", "").rsplit("/docs/runbooks/", 1)[-1]
        if not os.path.isfile(os.path.join(runbooks_path, path)):
            problems.append(f"no such runbook: {path}")
        report(f"alert {rule['alert']} {labels.get('seen_by', '')}".rstrip(), problems)

    alerts = {rule["alert"] for rule in rules}
    runbooks = {name[:-3] for name in os.listdir(runbooks_path) if name.endswith(".md") and name != "README.md"}
    report("every alert has a runbook, and every runbook an alert", sorted(alerts ^ runbooks))
    with open(os.path.join(runbooks_path, os.pardir, "diagnosis.md"), encoding="utf-8") as file:
        causes = {name.lower() for name in re.findall(r"^### (\w+)$", file.read(), re.MULTILINE)}
    reached = set()
    sections = ["What it means", "See it", "Do now", "Do for good", "False alarm"]
    for name in sorted(runbooks):
        with open(os.path.join(runbooks_path, name + ".md"), encoding="utf-8") as file:
            text = file.read()
        problems = [f"no section '{section}'" for section in sections if f"\n## {section}\n" not in text]
        problems += [] if text.startswith(f"# {name}\n") else ["another title"]
        problems += [f"no such file: {link}" for link in re.findall(r"\]\(([^):#]+)[^)]*\)", text)
                     if not os.path.exists(os.path.join(runbooks_path, link))]
        # Anchors as the forge makes them of headings of one word.
        linked = set(re.findall(r"\]\(\.\./diagnosis\.md#(\w+)\)", text))
        problems += [f"no such cause: {anchor}" for anchor in sorted(linked - causes)]
        reached |= linked
        if name in ABOUT_THE_TABLE and "host advise" not in text.split("\n## ")[0]:
            problems.append("does not begin with the advice")
        report(f"runbook {name}", problems)
    report("every cause of docs/diagnosis.md is reached from a runbook", sorted(causes - reached) if causes else ["it has no causes"])

    dashboards = []
    for path in dashboard_paths:
        with open(path, encoding="utf-8") as file:
            dashboards.append((os.path.basename(path), json.load(file)))
    uids = {dashboard["uid"] for _, dashboard in dashboards}
    report("dashboards have names of their own", [] if len(uids) == len(dashboards) >= 2 else ["two have one uid, or there is none"])
    for name, dashboard in dashboards:
        report(f"dashboard {name}: layout, units, descriptions, links", check_layout(dashboard, uids, runbooks))
        problems = []
        for panel in panels_of(dashboard):
            for target in panel.get("targets", []):
                problems += [f"{panel['title']}: {problem}" for problem in check_expression(target["expr"], emitted, used)]
        for variable in variables_of(dashboard):
            query = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"])
            if query is None:
                problems.append(f"variable {variable['name']}: {variable['definition']}")
            else:
                problems += check_expression(f"count by ({query.group(2)}) ({query.group(1)})", emitted, used)
        report(f"dashboard {name}: every metric and label is emitted", problems)
    report("every metric is in a dashboard or an alert", sorted(set(emitted) - used))


def rules(dashboard_paths):
    """JSON is YAML."""
    found = []
    for path in dashboard_paths:
        with open(path, encoding="utf-8") as file:
            for panel in panels_of(json.load(file)):
                found += [{"record": f"panel:{panel['id']}:{target['refId']}", "expr": for_prometheus(target["expr"])} for target in panel.get("targets", [])]
    json.dump({"groups": [{"name": f"g{i}", "rules": [rule]} for i, rule in enumerate(found)]}, sys.stdout)


def get(url, path, **parameters):
    """A question to Prometheus's API. A query that it refuses ends the program."""
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as answer:
        return json.load(answer)["data"]


def scraped(url, metrics_path):
    emitted = read_table(metrics_path)
    seen, problems = set(), {}
    for series in get(url, "series", **{"match[]": '{job=~"conntrack-.+"}'}):
        name = series.pop("__name__")
        if name == "up" or name.startswith("scrape_"):
            continue
        metric = base(name, emitted)
        if metric is None:
            problems[f"{name} is not in the table"] = True
            continue
        seen.add(metric)
        kind, labels, origin, _ = emitted[metric]
        own = set(series) - TARGET_LABELS - {"container", "endpoint"} - ({"le"} if name.endswith("_bucket") else set())
        if own != labels:
            problems[f"{name} has the labels {sorted(own)}, and in the table {sorted(labels)}"] = True
        if origin not in ("both", series["job"].removeprefix("conntrack-")):
            problems[f"{name} comes from {series['job']}, and in the table from {origin}"] = True
    for name, kinds in get(url, "metadata").items():
        metric = base(name, emitted)
        if metric and any(kind["type"] != emitted[metric][0] or not kind["help"] for kind in kinds):
            problems[f"{name}: {kinds}, and in the table {emitted[metric][0]}"] = True
    report("what is scraped is in docs/metrics.md, with type, labels and origin", sorted(problems))
    print("not seen: " + " ".join(sorted(set(emitted) - seen)))


def ask(url, node, dashboard_paths):
    for path in dashboard_paths:
        with open(path, encoding="utf-8") as file:
            dashboard = json.load(file)
        for panel in panels_of(dashboard):
            expressions = [t["expr"].replace("$node", node).replace("$policy", ".*").replace("$__rate_interval", "2m") for t in panel.get("targets", [])]
            if expressions and not any(get(url, "query", query=expression)["result"] for expression in expressions):
                print(panel["title"])


if sys.argv[1] == "scraped":
    scraped(sys.argv[2], sys.argv[3])
    sys.exit(1 if failed else 0)
elif sys.argv[1] == "ask":
    ask(sys.argv[2], sys.argv[3], sys.argv[4:])
elif sys.argv[1] == "rules":
    rules(sys.argv[2:])
else:
    check(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
    sys.exit(1 if failed else 0)
