using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Cluster;

namespace ConntrackOperator.Controller.Tests.Cluster;

public sealed class PolicyValidationCacheTests
{
    private readonly PolicyValidationCache _errors = new();

    [Fact]
    public void Policy_is_looked_through_once_for_each_generation_and_object()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.Empty(_errors.Of(Policy("a", 1, 75)));
        }

        Assert.Equal(1, _errors.Validations);
        Assert.Single(_errors.Of(Policy("a", 2, 500)));
        Assert.Single(_errors.Of(Policy("a", 2, 500)));
        Assert.Equal(2, _errors.Validations);
        Assert.Empty(_errors.Of(Policy("another", 2, 75)));
        Assert.Equal(3, _errors.Validations);
    }

    private static ConntrackPolicy Policy(string uid, long generation, int warning) => new()
    {
        Metadata = new ObjectMeta { Name = "p", Uid = uid, Generation = generation },
        Spec = new PolicySpec { Table = new TableSpec { Size = new TableSizeSpec { Entries = warning == 75 ? 65_536 : 5 } } },
    };
}
