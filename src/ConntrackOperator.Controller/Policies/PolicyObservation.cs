using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Controller.Policies;

/// <summary>What is known of a policy when its conditions are decided.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Aggregate">The sums over its nodes.</param>
/// <param name="Errors">What is wrong with it; empty: it is valid.</param>
/// <param name="IsDeleting">Whether it is being deleted.</param>
internal sealed record PolicyObservation(
    string Name, PolicyAggregateSnapshot Aggregate, IReadOnlyList<FieldError> Errors, bool IsDeleting);
