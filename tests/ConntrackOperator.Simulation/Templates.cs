using ConntrackOperator.Controller.Agents;

namespace ConntrackOperator.Simulation;

internal static class Templates
{
    public const string Text = """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata:
          name: conntrack-agent
          labels: {app: conntrack-agent}
        spec:
          selector: {matchLabels: {app: conntrack-agent}}
          template:
            metadata: {labels: {app: conntrack-agent}}
            spec:
              containers:
              - name: agent
                image: conntrack-agent:test
        """;

    public static AgentTemplate Agent() => From(Text);

    public static AgentTemplate From(string text)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            return AgentTemplate.Read(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
