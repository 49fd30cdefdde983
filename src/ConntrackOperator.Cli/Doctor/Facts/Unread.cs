namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>Something that could not be read.</summary>
/// <param name="What">What it is, and what is not judged without it.</param>
/// <param name="Why">The server's word, with the right that is missing; or the file system's.</param>
internal sealed record Unread(string What, string Why);
