namespace ConntrackOperator.Cli.Top;

/// <summary>The last values of something as a row of bars.</summary>
internal sealed class Sparkline
{
    private const string Bars = "▁▂▃▄▅▆▇█";
    private const int Width = 60;

    private readonly Queue<double> _values = [];

    public void Add(double value)
    {
        _values.Enqueue(value);
        if (_values.Count > Width)
        {
            _values.Dequeue();
        }
    }

    /// <summary>The row; a full bar is <paramref name="top"/>, or the largest value when that is null.</summary>
    public string Render(double? top = null)
    {
        var most = top ?? (_values.Count == 0 ? 0 : _values.Max());
        return string.Concat(_values.Select(v => Bars[most <= 0 ? 0 : (int)Math.Clamp(v / most * (Bars.Length - 1), 0, Bars.Length - 1)]));
    }
}
