using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ConntrackOperator.Api.Meta;

/// <summary>Text from elsewhere that goes where the length is limited and people look with a terminal.</summary>
public static class BoundedText
{
    private const char Ellipsis = '…';

    /// <summary>
    /// The text itself when it is good; else cut to the length, with an ellipsis at its end, and without control characters.
    /// </summary>
    /// <param name="text">The text; null stays null.</param>
    /// <param name="length">The most characters (UTF-16 units, of which the API server counts no more than there are).</param>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Of(string? text, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (text is null
            || (text.Length <= length && !text.AsSpan().ContainsAnyInRange('\0', '\u001f')
                && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f')))
        {
            return text;
        }

        var kept = text.AsSpan();
        if (kept.Length > length)
        {
            var end = length - 1;
            // Half of a pair is no character, and no JSON either.
            kept = kept[..(end > 0 && char.IsHighSurrogate(kept[end - 1]) ? end - 1 : end)];
        }

        var clean = new StringBuilder(length);
        foreach (var c in kept)
        {
            clean.Append(char.IsControl(c) ? ' ' : c);
        }

        return text.Length > length ? clean.Append(Ellipsis).ToString() : clean.ToString();
    }
}
