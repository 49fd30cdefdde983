namespace ConntrackOperator.Cli.Output;

/// <summary>How far something is, on the standard error: one bar drawn over itself on a terminal, else a plain line now and then.</summary>
internal sealed class Progress(TimeProvider time)
{
    private const int BarWidth = 30;

    private static readonly TimeSpan _between = TimeSpan.FromSeconds(5);

    private readonly bool _draws = Terminal.IsErrorRich;
    private long _said = time.GetTimestamp();
    private bool _drawn;

    /// <param name="done">How much is done.</param>
    /// <param name="total">How much there is; 0 when that is not known.</param>
    /// <param name="text">What to say beside the bar.</param>
    public void Show(long done, long total, string text)
    {
        if (_draws)
        {
            var share = total > 0 ? Math.Clamp((double)done / total, 0, 1) : 1;
            var filled = (int)(share * BarWidth);
            Console.Error.Write($"\r[{new string('#', filled)}{new string('.', BarWidth - filled)}] {share * 100,3:0}%  {text}\e[K");
            _drawn = true;
        }
        else if (time.GetElapsedTime(_said) >= _between)
        {
            _said = time.GetTimestamp();
            Console.Error.WriteLine(text);
        }
    }

    /// <summary>Takes the bar away.</summary>
    public void End()
    {
        if (_drawn)
        {
            Console.Error.Write("\r\e[K");
            _drawn = false;
        }
    }
}
