namespace ConntrackOperator.Netfilter.Tests;

/// <summary>The trees under TestData that imitate /proc and /sys of a kernel.</summary>
internal static class TestTree
{
    internal static string Path(string kernel, string rest) =>
        System.IO.Path.Combine(AppContext.BaseDirectory, "TestData", kernel, rest);

    /// <summary>A directory of its own for one test, gone afterwards.</summary>
    internal sealed class Temporary : IDisposable
    {
        internal string Root { get; } = Directory.CreateTempSubdirectory("conntrack-operator-test-").FullName;

        internal string File(string name, string content)
        {
            var path = System.IO.Path.Combine(Root, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            System.IO.File.WriteAllText(path, content);
            return path;
        }

        public void Dispose() => Directory.Delete(Root, recursive: true);
    }
}
