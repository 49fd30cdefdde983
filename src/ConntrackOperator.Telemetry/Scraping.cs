namespace ConntrackOperator.Telemetry;

/// <summary>Whether the metrics are served for Prometheus.</summary>
public enum Scraping
{
    /// <summary>No.</summary>
    Off,

    /// <summary>Yes.</summary>
    On,

    /// <summary>Yes, and what it takes is set up at the first scrape: on a node that nobody scrapes it takes no memory. What the
    /// program itself counts begins at 0 there; what the kernel counts does not.</summary>
    WhenAsked,
}
